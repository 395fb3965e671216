//! A voucher for tests of all routes.

use shared::domain::vouchers::{Voucher, VoucherCode};

use crate::TestApp;

/// The code of [`TestApp::voucher`].
pub const VOUCHER: &str = "CLASS-2026";

impl TestApp {
    /// Creates a voucher of two credits that every user may redeem, unless it exists.
    pub async fn voucher(&self) {
        let voucher = Voucher {
            id: VoucherCode::own(VOUCHER).unwrap().id(),
            credits: 2,
            uses_max: 100_000,
            uses: 0,
            ends_at: self.app.now().as_second() + 365 * 86_400,
            note: None,
            created_at: self.app.now(),
            stopped_at: None,
        };
        let _ = self.app.store.create_voucher(&voucher).await.unwrap();
    }
}
