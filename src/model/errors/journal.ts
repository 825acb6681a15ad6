/** The rows of the table of errors about the journal on this machine. */
export const JOURNAL_ERRORS = {
  JournalDamaged: {
    code: 'PE601',
    exitCode: 1,
    retryable: false,
    remedy:
      'Nothing was read from it and nothing was changed. Copy the folder away, then restore the whole folder from a backup. docs/errors.md says how to go on without what is missing.',
  },
  JournalForeign: {
    code: 'PE602',
    exitCode: 2,
    retryable: false,
    remedy: 'Give the folder of a journal, or a new folder, with --journal.',
  },
  JournalTooOld: {
    code: 'PE603',
    exitCode: 3,
    retryable: false,
    remedy: 'Finish or roll back its runs with the podshift version that wrote it, or open it with a version in between.',
  },
  JournalFull: {
    code: 'PE604',
    exitCode: 1,
    retryable: false,
    remedy: 'Free space on the disk of the journal, then resume the run. What was changed so far is in the journal.',
  },
  JournalUnavailable: {
    code: 'PE605',
    exitCode: 1,
    retryable: false,
    remedy: 'Check the owner and the mode of the folder and its files, and its disk; then run the command again.',
  },
  JournalInUse: {
    code: 'PE606',
    exitCode: 3,
    retryable: false,
    remedy: 'Wait until that process has ended, or stop it with Ctrl-C. "podshift status" shows meanwhile how the run stands.',
  },
} as const;
