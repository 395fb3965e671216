//! The `auth` group: accounts and sessions.

use axum::Router;
use shared::app::App;
use shared::http::routes::Routes;
use utoipa::OpenApi;

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

/// The group's part of the contract.
#[derive(OpenApi)]
#[openapi(paths(register::register, login::login, logout::logout, show_me::show_me))]
pub struct Contract;
