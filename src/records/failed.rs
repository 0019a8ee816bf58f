//! The file with the records that failed.

use super::unfinished::UnfinishedFile;
use crate::cli::failure::Failure;

/// The records that failed, as they came, if they are wanted. The file appears when it is complete,
/// so it may be the input too.
pub(super) struct FailedRecords(pub(super) Option<UnfinishedFile>);

impl FailedRecords {
    pub(super) fn is_wanted(&self) -> bool {
        self.0.is_some()
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.0.as_mut().map_or(Ok(()), |file| file.write(bytes))
    }
}
