//! Copies a map file into the data directory. The file is checked first and then replaced in one step.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::map::{MAP_FILE_MAX, Map, MapContent, read_bounded};
use super::options::{Damage, MapOptions};
use crate::base::clock::Millis;

/// The folder for maps inside the data directory.
pub const MAPS_DIR: &str = "maps";
/// Longest name of a map, characters without `.mmdb`.
pub const MAP_NAME_MAX: usize = 64;

#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    #[error("the file {0}")]
    Damaged(#[from] Damage),
    #[error("{0:?} is not a valid map name; use at most {MAP_NAME_MAX} letters, digits, `.`, `-` and `_`")]
    Name(String),
    #[error("cannot write {path}: {source}")]
    Write { path: PathBuf, source: io::Error },
}

/// Checks a file and copies it to `<data_dir>/maps/<its name>.mmdb`, over one with the same name. The next
/// `Geo::reload_changed` uses it. After an error the data directory is as before.
pub fn install(source: &Path, data_dir: &Path, now: Millis) -> Result<(PathBuf, MapContent), InstallError> {
    let name = name_of(source)?;
    let options = MapOptions { path: source.to_path_buf(), ..MapOptions::default() };
    let map = Map::check(read_bounded(source, MAP_FILE_MAX)?, &options)?;
    let dir = data_dir.join(MAPS_DIR);
    let path = dir.join(format!("{name}.mmdb"));
    // The process id keeps two commands apart. The server ignores files whose names begin with a point.
    let unfinished = dir.join(format!(".{name}.{}.tmp", std::process::id()));
    let written = fs::create_dir_all(&dir).and_then(|()| write(map.bytes(), &unfinished, &path, &dir));
    if let Err(source) = written {
        // This removes what is left of a failed copy. If there is nothing, that is fine.
        let _ = fs::remove_file(&unfinished);
        return Err(InstallError::Write { path, source });
    }
    Ok((path, map.content(now)))
}

fn write(bytes: &[u8], unfinished: &Path, path: &Path, dir: &Path) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(unfinished)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(unfinished, path)?;
    File::open(dir)?.sync_all()
}

/// The name of the source without `.mmdb`.
fn name_of(source: &Path) -> Result<String, InstallError> {
    let file = source.file_name().unwrap_or_default().to_string_lossy();
    let name = file.strip_suffix(".mmdb").unwrap_or(&file);
    let fits = (1..=MAP_NAME_MAX).contains(&name.len())
        && !name.starts_with('.')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'));
    if fits { Ok(name.to_owned()) } else { Err(InstallError::Name(file.into_owned())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_at_the_limit_and_refused_one_past_it() {
        let long = |len: usize| PathBuf::from(format!("/x/{}.mmdb", "a".repeat(len)));
        assert!(name_of(&long(MAP_NAME_MAX)).is_ok());
        assert!(name_of(&long(MAP_NAME_MAX + 1)).is_err());
        assert_eq!(name_of(Path::new("GeoLite2-ASN.mmdb")).unwrap(), "GeoLite2-ASN");
        assert_eq!(name_of(Path::new("a/b/asn_2026.1")).unwrap(), "asn_2026.1");
        for bad in ["", "/", "..", ".hidden.mmdb", ".mmdb", "a b.mmdb", "é.mmdb"] {
            assert!(name_of(Path::new(bad)).is_err(), "{bad}");
        }
    }
}
