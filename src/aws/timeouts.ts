/** Of every client of AWS: milliseconds until a connection must stand, and from the request until its answer. */
export const TIMEOUTS = { connectionTimeout: 5_000, requestTimeout: 30_000, throwOnRequestTimeout: true } as const;
