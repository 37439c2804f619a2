use actix_web::{
    HttpRequest, HttpResponse,
    dev::{AppService, HttpServiceFactory},
    web::{self, Data, Payload},
};
use auth_core::Auth;

use crate::convert;

/// The library's own routes, mounted at the configured base path. At `/` they answer everything that was not added before
/// them.
///
/// ```
/// # use auth_core::{Auth, Secret, adapters::MemoryAdapter};
/// use actix_web::App;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let auth = Auth::builder(MemoryAdapter::default()).secret(Secret::random()?).base_url("https://example.com").build()?;
/// let app = App::new().service(auth_actix::routes(&auth));
/// # Ok(()) }
/// ```
pub fn routes(auth: &Auth) -> AuthRoutes {
    AuthRoutes {
        auth: auth.clone(),
        // A scope of `/` would match nothing but itself.
        path: auth.base_path().trim_end_matches('/').to_owned(),
    }
}

/// The service [`routes`] makes; [`AuthRoutes::at`] mounts it below a path of the application.
///
/// ```
/// # use auth_core::{Auth, Secret, adapters::MemoryAdapter};
/// use actix_web::{App, test::{TestRequest, call_service, init_service}};
/// use auth_actix::AuthRoutes;
///
/// # #[actix_web::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let auth = Auth::builder(MemoryAdapter::default()).secret(Secret::random()?).base_url("https://example.com").build()?;
/// let routes: AuthRoutes = auth_actix::routes(&auth);
/// let app = init_service(App::new().service(routes)).await;
/// let health = call_service(&app, TestRequest::with_uri("/api/auth/health").to_request()).await;
/// assert_eq!(health.status(), 200);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct AuthRoutes {
    auth: Auth,
    path: String,
}

impl AuthRoutes {
    /// Mounts the routes at this path of the scope they are added to, where the scope's own path and this one together
    /// are the base path: `/auth` in a scope `/v1`, with `base_path("/v1/auth")`.
    ///
    /// ```
    /// # use auth_core::{Auth, Secret, adapters::MemoryAdapter};
    /// use actix_web::{App, web};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let auth = Auth::builder(MemoryAdapter::default()).secret(Secret::random()?).base_url("https://example.com")
    /// #     .base_path("/v1/auth").build()?;
    /// let app = App::new().service(web::scope("/v1").service(auth_actix::routes(&auth).at("/auth")));
    /// # Ok(()) }
    /// ```
    pub fn at(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }
}

impl HttpServiceFactory for AuthRoutes {
    fn register(self, config: &mut AppService) {
        web::scope(&self.path)
            .app_data(Data::new(self.auth))
            .default_service(web::to(answer))
            .register(config);
    }
}

async fn answer(auth: Data<Auth>, request: HttpRequest, payload: Payload) -> HttpResponse {
    match convert::request(&request, payload) {
        Ok(request) => convert::response(&auth.handle_body(request).await),
        // The method or path is one http 1 does not know; hyper would not have let it in.
        Err(_) => HttpResponse::BadRequest().finish(),
    }
}
