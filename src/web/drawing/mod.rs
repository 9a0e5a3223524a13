//! Numbers, dates and times as text, charts, and the world map.

pub mod chart;
pub mod format;
pub mod map;
