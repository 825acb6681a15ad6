/** Why no connection came about, or why one that stood is of no use. */
export type ConnectionFailure = 'refused' | 'unknown-host' | 'no-route' | 'timed-out' | 'untrusted' | 'no-tls';

const BY_CODE: Readonly<Record<string, ConnectionFailure>> = {
  ECONNREFUSED: 'refused',
  ENOTFOUND: 'unknown-host',
  EAI_AGAIN: 'unknown-host',
  EHOSTUNREACH: 'no-route',
  ENETUNREACH: 'no-route',
  ETIMEDOUT: 'timed-out',
  UND_ERR_CONNECT_TIMEOUT: 'timed-out',
  EPROTO: 'no-tls',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'untrusted',
  SELF_SIGNED_CERT_IN_CHAIN: 'untrusted',
  HOSTNAME_MISMATCH: 'untrusted',
  INVALID_CA: 'untrusted',
};

/** How Node and OpenSSL begin the names of the other failures of TLS (Node, "X509 certificate error codes"). */
const UNTRUSTED = /^(CERT_|ERR_TLS_CERT_|UNABLE_TO_|CRL_)/;
const NO_TLS = /^ERR_(SSL|TLS)_/;

const WORDS: Readonly<Record<ConnectionFailure, string>> = {
  refused: 'nothing listens there, or a firewall refuses it',
  'unknown-host': 'the name of the host is not known',
  'no-route': 'there is no route to it',
  'timed-out': 'it did not answer in time',
  untrusted: 'its certificate is not trusted',
  'no-tls': 'it does not speak TLS',
};

/** What the code of a socket, of name resolution or of TLS says; undefined for a code of anything else. */
export function connectionFailure(code: string): ConnectionFailure | undefined {
  if (Object.hasOwn(BY_CODE, code)) return BY_CODE[code];
  if (UNTRUSTED.test(code)) return 'untrusted';
  return NO_TLS.test(code) ? 'no-tls' : undefined;
}

/** Whether waiting is of no use: who answers there is not who is meant, or does not speak TLS. */
export function isTlsFailure(failure: ConnectionFailure): boolean {
  return failure === 'untrusted' || failure === 'no-tls';
}

/** `no connection to HOST: it refuses connections (ECONNREFUSED)`; without a host where none is known. */
export function describeFailure(failure: ConnectionFailure, host: string | undefined, code: string): string {
  return `no connection${host === undefined ? '' : ` to ${host}`}: ${WORDS[failure]} (${code})`;
}

/** The most telling code of what was thrown: libraries wrap the socket's error as a cause, and a connect to several addresses has an error of each. */
export function codeOf(error: unknown): string {
  let code = 'unknown';
  let current = error;
  while (current instanceof Error) {
    const own = (current as Error & { code?: unknown }).code;
    code = typeof own === 'string' ? own : current.name === 'Error' || current.name === 'TypeError' ? code : current.name;
    current = current.cause;
  }
  return code;
}
