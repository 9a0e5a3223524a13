//! Figures as people see them: written numbers and times, charts, the map of the world.

pub mod chart;
pub mod format;
pub mod map;
