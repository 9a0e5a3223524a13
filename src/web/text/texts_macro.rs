//! The macro that makes a struct of texts and its English value from one list.

/// Makes a struct with one public field per text, and its English value as the constant `EN`.
///
/// ```text
/// texts! {
///     Contacts {
///         title: "Contacts",                                     // a text
///         months: ["Jan", "Feb"],                                // a list of texts
///         rows: Plural = { one: "{n} row", other: "{n} rows" },  // a value of a struct that stands elsewhere
///         wrong: Wrong { no_name: "Enter a name." },             // a group: makes the struct `Wrong`, too
///         table: Tables,                                         // a group made by another `texts!`
///     }
/// }
/// ```
macro_rules! texts {
    (@type $text:literal) => { &'static str };
    (@type [$($item:literal),*]) => { [&'static str; [$($item),*].len()] };
    (@type $of:ident) => { $of };

    (@english $text:literal) => { $text };
    (@english [$($item:literal),*]) => { [$($item),*] };
    (@english $of:ident) => { $of::EN };
    (@english $of:ident = $value:tt) => { $of $value };

    (
        $(#[$about:meta])*
        $name:ident {
            $(
                $(#[$note:meta])*
                $field:ident:
                    $($text:literal)?
                    $([$($item:literal),*])?
                    $($of:ident $(= $value:tt)? $({ $($group:tt)* })?)?
            ),* $(,)?
        }
    ) => {
        $(#[$about])*
        #[derive(Debug, serde::Serialize)]
        pub struct $name {
            $(
                $(#[$note])*
                pub $field: texts!(@type $($text)? $([$($item),*])? $($of)?),
            )*
        }

        impl $name {
            pub const EN: Self = Self {
                $($field: texts!(@english $($text)? $([$($item),*])? $($of $(= $value)?)?),)*
            };
        }

        $($($(texts! { $of { $($group)* } })?)?)*
    };
}
