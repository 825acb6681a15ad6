declare module 'dynalite' {
  import type { Server } from 'node:http';

  /** The options that podshift uses; times are milliseconds. */
  interface DynaliteOptions {
    /** Folder of the LevelDB store; in memory where absent. */
    readonly path?: string;
    readonly createTableMs?: number;
    readonly deleteTableMs?: number;
    readonly updateTableMs?: number;
  }

  /** DynamoDB's wire protocol over a local store. Closing the server, once it listened, closes the store too. */
  export default function dynalite(options?: DynaliteOptions): Server;
}
