//! The memory that rows in transit may occupy, in bytes.
//!
//! Every batch holds a [`Lease`] on the budget for as long as its rows are in memory. A reader
//! that finds nothing left waits until a loader is done with something: a slow target slows the
//! source, and nothing spills.

use std::sync::Arc;

use dbferry_core::{Code, Error};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What one permit stands for. Small enough to be exact, large enough for 32-bit counts.
const PERMIT_BYTES: u64 = 4096;

/// Memory shared by everything that one task has in flight.
#[derive(Debug, Clone)]
pub(crate) struct MemoryBudget {
    permits: Arc<Semaphore>,
    permits_max: u32,
}

/// A share of the budget, given back when dropped.
#[derive(Debug)]
pub(crate) struct Lease {
    permit: OwnedSemaphorePermit,
}

impl MemoryBudget {
    pub(crate) fn new(bytes: u64) -> Self {
        let permits_max = u32::try_from(bytes / PERMIT_BYTES)
            .unwrap_or(u32::MAX)
            .max(1);
        Self {
            permits: Arc::new(Semaphore::new(permits_max as usize)),
            permits_max,
        }
    }

    /// Waits for a share. A share larger than the whole budget takes the whole budget: it has to
    /// pass somehow, and then it passes alone.
    pub(crate) async fn lease(&self, bytes: usize) -> Result<Lease, Error> {
        let permit = Arc::clone(&self.permits)
            .acquire_many_owned(self.permits_for(bytes))
            .await
            .map_err(|_| Error::definite(Code::Internal, "the memory budget is closed"))?;
        Ok(Lease { permit })
    }

    /// Brings a lease to the size that its batch really has. What is missing is taken only if
    /// nobody has to be waited for: the memory is in use already, and two readers that waited for
    /// each other here would wait for ever. The next lease of this reader asks for it beforehand.
    pub(crate) fn adjust(&self, lease: &mut Lease, bytes: usize) {
        let wanted = self.permits_for(bytes) as usize;
        let held = lease.permit.num_permits();
        if wanted < held {
            drop(lease.permit.split(held - wanted));
        } else if let Ok(more) = u32::try_from(wanted - held)
            && let Ok(permit) = Arc::clone(&self.permits).try_acquire_many_owned(more)
        {
            lease.permit.merge(permit);
        }
    }

    fn permits_for(&self, bytes: usize) -> u32 {
        let permits = (bytes as u64).div_ceil(PERMIT_BYTES).max(1);
        u32::try_from(permits)
            .unwrap_or(u32::MAX)
            .min(self.permits_max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_lease_beyond_the_budget_takes_all_of_it_and_passes() {
        let budget = MemoryBudget::new(1 << 20);
        let lease = budget.lease(1 << 30).await.unwrap();
        assert_eq!(budget.permits.available_permits(), 0);
        drop(lease);
        assert_eq!(budget.permits.available_permits(), 256);
    }

    #[tokio::test]
    async fn a_lease_shrinks_and_grows_with_its_batch() {
        let budget = MemoryBudget::new(1 << 20);
        let mut lease = budget.lease(512 << 10).await.unwrap();
        budget.adjust(&mut lease, 4 << 10);
        assert_eq!(budget.permits.available_permits(), 255);
        budget.adjust(&mut lease, 12 << 10);
        assert_eq!(budget.permits.available_permits(), 253);
        budget.adjust(&mut lease, 4 << 20);
        assert_eq!(budget.permits.available_permits(), 0);
    }
}
