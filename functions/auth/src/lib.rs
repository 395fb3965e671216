//! The `auth` group: accounts and sessions.

use axum::Router;
use shared::app::App;
use shared::http::routes::Routes;

mod login;
mod logout;
mod register;
mod session_started;
mod show_me;

/// The group's routes.
pub fn router(app: App) -> Router {
    Routes::of("auth")
        .handle("register", register::register)
        .handle("login", login::login)
        .handle("logout", logout::logout)
        .handle("show_me", show_me::show_me)
        .build(app)
}
