//! Builds a function's router from its entries in the list of routes.

use std::collections::HashSet;

use axum::Router;
use axum::handler::Handler;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodFilter, on};

use super::limit::limit;
use super::routes::of;
use crate::app::App;

/// Builder of a function's router.
pub struct Routes {
    function: &'static str,
    router: Router<App>,
    handled: HashSet<&'static str>,
}

impl Routes {
    /// Starts with the routes of `function`, without handlers.
    #[must_use]
    pub fn of(function: &'static str) -> Self {
        Self { function, router: Router::new(), handled: HashSet::new() }
    }

    /// Sets the handler of `operation`.
    ///
    /// # Panics
    /// At startup, if the list of routes has no such operation for this function.
    #[must_use]
    pub fn handle<H, T>(mut self, operation: &'static str, handler: H) -> Self
    where
        H: Handler<T, App>,
        T: 'static,
    {
        let route = of(self.function).find(|route| route.operation == operation);
        let Some(route) = route else { panic!("no operation {operation} of {} in the list of routes", self.function) };
        let Ok(filter) = MethodFilter::try_from(route.method.clone()) else {
            panic!("{operation}: a method that is not routed")
        };
        self.router = self.router.route(route.path, on(filter, handler));
        self.handled.insert(operation);
        self
    }

    /// Builds the router. Every operation of the function must have a handler.
    ///
    /// # Panics
    /// At startup, if an operation has no handler.
    pub fn build(self, app: App) -> Router {
        let forgotten: Vec<_> = of(self.function).filter(|route| !self.handled.contains(route.operation)).collect();
        assert!(forgotten.is_empty(), "operations without a handler: {forgotten:?}");
        self.router.layer(from_fn_with_state(app.clone(), limit)).with_state(app)
    }
}
