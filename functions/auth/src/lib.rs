//! The `auth` group: accounts and sessions.

use axum::Router;
use shared::app::App;
use shared::http::Routes;
use utoipa::OpenApi;

mod change_password;
mod delete_account;
mod export_account;
mod list_sessions;
mod login;
mod logout;
mod new_password;
mod register;
mod revoke_session;
mod session_started;
mod show_me;

/// The group's routes.
pub fn router(app: App) -> Router {
    Routes::of("auth")
        .handle("register", register::register)
        .handle("login", login::login)
        .handle("logout", logout::logout)
        .handle("show_me", show_me::show_me)
        .handle("list_sessions", list_sessions::list_sessions)
        .handle("revoke_session", revoke_session::revoke_session)
        .handle("change_password", change_password::change_password)
        .handle("export_account", export_account::export_account)
        .handle("delete_account", delete_account::delete_account)
        .build(app)
}

/// The group's part of the OpenAPI document.
#[derive(OpenApi)]
#[openapi(paths(
    register::register,
    login::login,
    logout::logout,
    show_me::show_me,
    list_sessions::list_sessions,
    revoke_session::revoke_session,
    change_password::change_password,
    export_account::export_account,
    delete_account::delete_account
))]
pub struct Contract;
