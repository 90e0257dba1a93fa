//! Who opens the test split.

/// The user that the system names, and this program.
pub fn who() -> String {
    let user = ["USER", "LOGNAME", "USERNAME"].into_iter().find_map(|name| std::env::var(name).ok());
    let user: String = user.unwrap_or_default().chars().take(64).collect();
    let user = if user.is_empty() { "somebody".to_owned() } else { user };
    format!("{user} with biotope {}", env!("CARGO_PKG_VERSION"))
}
