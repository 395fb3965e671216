//! The `auth` group: accounts and sessions.

use axum::Router;
use shared::app::App;
use shared::http::Routes;
use utoipa::OpenApi;

mod change_password;
mod confirm_email;
mod confirm_factor;
mod delete_account;
mod export_account;
mod forgot_password;
mod link_token;
mod list_sessions;
mod login;
mod login_with_factor;
mod logout;
mod new_password;
mod register;
mod remove_factor;
mod resend_verification;
mod reset_password;
mod revoke_session;
mod send_message;
mod session_started;
mod setup_factor;
mod show_me;
mod show_notices;
mod undo_email_change;
mod unsubscribe;
mod update_me;
mod update_notices;
mod verify_email;

/// The group's routes.
pub fn router(app: App) -> Router {
    Routes::of("auth")
        .handle("register", register::register)
        .handle("login", login::login)
        .handle("login_with_factor", login_with_factor::login_with_factor)
        .handle("verify_email", verify_email::verify_email)
        .handle("resend_verification", resend_verification::resend_verification)
        .handle("forgot_password", forgot_password::forgot_password)
        .handle("send_message", send_message::send_message)
        .handle("reset_password", reset_password::reset_password)
        .handle("logout", logout::logout)
        .handle("show_me", show_me::show_me)
        .handle("update_me", update_me::update_me)
        .handle("confirm_email", confirm_email::confirm_email)
        .handle("undo_email_change", undo_email_change::undo_email_change)
        .handle("show_notices", show_notices::show_notices)
        .handle("update_notices", update_notices::update_notices)
        .handle("unsubscribe", unsubscribe::unsubscribe)
        .handle("list_sessions", list_sessions::list_sessions)
        .handle("revoke_session", revoke_session::revoke_session)
        .handle("change_password", change_password::change_password)
        .handle("setup_factor", setup_factor::setup_factor)
        .handle("confirm_factor", confirm_factor::confirm_factor)
        .handle("remove_factor", remove_factor::remove_factor)
        .handle("export_account", export_account::export_account)
        .handle("delete_account", delete_account::delete_account)
        .build(app)
}

/// The group's part of the OpenAPI document.
#[derive(OpenApi)]
#[openapi(paths(
    register::register,
    login::login,
    login_with_factor::login_with_factor,
    verify_email::verify_email,
    resend_verification::resend_verification,
    forgot_password::forgot_password,
    send_message::send_message,
    reset_password::reset_password,
    logout::logout,
    show_me::show_me,
    update_me::update_me,
    confirm_email::confirm_email,
    undo_email_change::undo_email_change,
    show_notices::show_notices,
    update_notices::update_notices,
    unsubscribe::unsubscribe,
    list_sessions::list_sessions,
    revoke_session::revoke_session,
    change_password::change_password,
    setup_factor::setup_factor,
    confirm_factor::confirm_factor,
    remove_factor::remove_factor,
    export_account::export_account,
    delete_account::delete_account
))]
pub struct Contract;
