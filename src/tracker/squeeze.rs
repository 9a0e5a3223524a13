//! Makes the script short enough to be carried by every page: comments and indentation go.
//! Not a JavaScript parser: it leans on the subset the parts are written in, which a test below holds.

/// The parts, squeezed.
pub(super) fn squeeze(source: &str) -> String {
    let lines = source.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}
