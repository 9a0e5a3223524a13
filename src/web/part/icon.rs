//! The icons: lines on a grid of 16 × 16 in the colour of the text. An icon needs a text that says the same, beside
//! it or as its accessible name.

use askama::Template;
use askama::filters::HtmlSafe;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Template)]
#[template(path = "_icon.html")]
pub enum Icon {
    Auto,
    Bookmark,
    Calendar,
    Check,
    ChevronDown,
    ChevronLeft,
    ChevronRight,
    Close,
    Company,
    Contact,
    Copy,
    Dashboard,
    Down,
    Download,
    Event,
    Filter,
    Form,
    Info,
    List,
    Live,
    Menu,
    Moon,
    Pages,
    Plus,
    Same,
    Search,
    Settings,
    SignOut,
    Sources,
    Sun,
    Target,
    Up,
    Warning,
}

impl HtmlSafe for Icon {}

impl Icon {
    const fn path(self) -> &'static str {
        match self {
            Self::Auto => "M2 3h12v8H2zM5.5 13.75h5M8 11v2.75",
            Self::Bookmark => "M4 2.25h8v11.5l-4-3.25-4 3.25z",
            Self::Calendar => "M2.5 3.25h11v10.5h-11zM2.5 6.5h11M5.5 1.75v3M10.5 1.75v3",
            Self::Check => "M3 8.5 6.5 12 13 4.5",
            Self::ChevronDown => "m4 6.25 4 4 4-4",
            Self::ChevronLeft => "M10 3.5 5.5 8l4.5 4.5",
            Self::ChevronRight => "M6 3.5 10.5 8 6 12.5",
            Self::Close => "m4 4 8 8M12 4l-8 8",
            Self::Company => {
                "M3 13.75V2.5h6.5v11.25M9.5 6.5H13v7.25M1.75 13.75h12.5M5.25 5.25h2M5.25 8h2M5.25 10.75h2"
            }
            Self::Contact => {
                "M8 2.25a2.75 2.75 0 1 0 0 5.5 2.75 2.75 0 1 0 0-5.5M2.75 13.75c.5-3 2.5-4.25 5.25-4.25s4.75 1.25 5.25 4.25"
            }
            Self::Copy => "M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3",
            Self::Dashboard => "M2.5 13.5V9M6.2 13.5v-8M9.8 13.5V8M13.5 13.5v-11",
            Self::Down => "M8 3v9.5M4 9l4 4 4-4",
            Self::Download => "M8 2.5v7.5M4.5 7 8 10.5 11.5 7M2.5 13.5h11",
            Self::Event => "M9 1.75 3.5 9H8l-1 5.25L12.5 7H8z",
            Self::Filter => "M2 4h12M4.5 8h7M6.75 12h2.5",
            Self::Form => "M2.5 2.5h11v4h-11zM2.5 9.5h6v4h-6zM11 11.5h2.5",
            Self::Info => "M8 1.75a6.25 6.25 0 1 0 0 12.5 6.25 6.25 0 1 0 0-12.5M8 7.25v4M8 4.75v.1",
            Self::List => "M2.25 4h1M5.5 4h8.25M2.25 8h1M5.5 8h8.25M2.25 12h1M5.5 12h8.25",
            Self::Live => "M1.5 8h3l2-5 3 10 2-5h3",
            Self::Menu => "M2 4.5h12M2 8h12M2 11.5h12",
            Self::Moon => "M13.5 9.75A6 6 0 1 1 6.25 2.5a4.75 4.75 0 0 0 7.25 7.25z",
            Self::Pages => "M3.75 1.75H9L12.25 5v9.25h-8.5zM9 1.75V5h3.25M6 8.5h4M6 11h4",
            Self::Plus => "M8 3v10M3 8h10",
            Self::Same => "M3 8h10",
            Self::Search => "M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 1 0 0-9M10.5 10.5 14 14",
            Self::Settings => {
                "M2 4.5h5.5M11.5 4.5H14M9.5 2.75a1.75 1.75 0 1 0 0 3.5 1.75 1.75 0 1 0 0-3.5M2 11.5h2.5M8.5 11.5H14M6.5 9.75a1.75 1.75 0 1 0 0 3.5 1.75 1.75 0 1 0 0-3.5"
            }
            Self::SignOut => "M6 2.5H2.5v11H6M10.5 5l3 3-3 3M13.5 8H6",
            Self::Sources => {
                "M2 8h3.5c3 0 3-4.5 6-4.5h2M5.5 8c3 0 3 4.5 6 4.5h2M11.75 1.5l2 2-2 2M11.75 10.5l2 2-2 2"
            }
            Self::Sun => {
                "M8 5a3 3 0 1 0 0 6 3 3 0 1 0 0-6M8 1.25v1.5M8 13.25v1.5M1.25 8h1.5M13.25 8h1.5M3.2 3.2l1.1 1.1M11.7 11.7l1.1 1.1M12.8 3.2l-1.1 1.1M4.3 11.7l-1.1 1.1"
            }
            Self::Target => "M8 3.25a4.75 4.75 0 1 0 0 9.5 4.75 4.75 0 1 0 0-9.5M8 1v4M8 11v4M1 8h4M11 8h4",
            Self::Up => "M8 13V3.5M4 7l4-4 4 4",
            Self::Warning => "M8 2l6.5 11.5h-13zM8 6.5v3.25M8 11.6v.1",
        }
    }
}
