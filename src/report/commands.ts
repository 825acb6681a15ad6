/** A command of podshift as the reader types it, from its words: with the flags that lead to the run. */
export type CommandText = (...words: string[]) => string;

/** Without flags, but for the service that nobody can approve without. */
export const PLAINLY: CommandText = (name = '', run = '', ...words) =>
  ['podshift', name, run, ...(name === 'approve' ? ['--service', 'URL'] : []), ...words].filter((word) => word !== '').join(' ');
