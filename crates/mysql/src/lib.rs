//! Everything of the MySQL family: MySQL, MariaDB and Aurora MySQL as source and target.

pub mod wire;
