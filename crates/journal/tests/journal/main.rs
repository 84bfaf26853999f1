//! The journal from outside: what it promises, tried with every failure a disk can have.

#[cfg(test)]
mod crash;
#[cfg(test)]
mod damage;
#[cfg(test)]
mod files;
#[cfg(test)]
mod life;
#[cfg(test)]
mod published;
#[cfg(test)]
mod script;
