/** A service account that some text names. */
export interface NamedAccount {
  /** Undefined where the text leaves it to the object's own. */
  readonly namespace: string | undefined;
  readonly name: string;
  /** The field, from the object's root. */
  readonly at: string;
}

/** Fields whose value is a service account's name, however the component writes it: `serviceAccountName`, `pod_service_account_name`, `…driver.serviceAccount`. */
const ACCOUNT_FIELD = /service[-_.]?accounts?([-_.]?(names?|refs?))?$/i;

/** A service account as a user name (Kubernetes, "Authenticating"), or as a SPIFFE identity (Istio). */
const ACCOUNT_IN_TEXT = /(?:system:serviceaccount:|\/ns\/)([a-z0-9-]+)(?::|\/sa\/)([a-z0-9.-]+)/g;

/** What says that a component takes its credentials by web identity: its provider, its variables, its token's file. */
const WEB_IDENTITY = /web[-_]?identity|AWS_ROLE_ARN|eks\.amazonaws\.com\/serviceaccount\/token|^IRSA$/i;

/** Object and path of one field. */
type Visit = (value: unknown, key: string, at: string) => void;

/** The parts of a text that name service accounts as users or by SPIFFE. */
export function accountTexts(text: string): string[] {
  return [...text.matchAll(ACCOUNT_IN_TEXT)].map(([part]) => part);
}

/** Every service account that an object names outside its metadata and status, each once. */
export function namedAccounts(object: Readonly<Record<string, unknown>>): NamedAccount[] {
  const found = new Map<string, NamedAccount>();
  const add = (namespace: string | undefined, name: string, at: string): void => {
    if (name !== '') found.set(`${namespace}/${name} ${at}`, { namespace, name, at });
  };
  walk(object, (value, key, at) => {
    if (typeof value === 'string') for (const [, namespace, name] of value.matchAll(ACCOUNT_IN_TEXT)) add(namespace, name as string, at);
    if (isRecord(value) && value.kind === 'ServiceAccount') addReference(value, at, add);
    if (ACCOUNT_FIELD.test(key)) for (const one of Array.isArray(value) ? value : [value]) addReference(one, at, add);
  });
  return [...found.values()];
}

/** A reference as components write it: a name, `NAMESPACE/NAME`, or an object with a name, its own or that of a template's metadata. */
export function addReference(value: unknown, at: string, add: (namespace: string | undefined, name: string, at: string) => void): void {
  if (typeof value === 'string') {
    const parts = /^(?:([a-z0-9-]+)\/)?([a-z0-9][a-z0-9.-]*)$/.exec(value);
    if (parts !== null) add(parts[1], parts[2] as string, at);
    return;
  }
  if (!isRecord(value)) return;
  const holder = isRecord(value.metadata) ? value.metadata : value;
  const { name, namespace } = holder;
  if (typeof name === 'string') add(typeof namespace === 'string' && namespace !== '' ? namespace : undefined, name, at);
}

/** The first field outside metadata and status that names the web-identity provider; undefined where none does. */
export function webIdentityIn(object: Readonly<Record<string, unknown>>): string | undefined {
  let found: string | undefined;
  walk(object, (value, key, at) => {
    const says = WEB_IDENTITY.test(key) || (typeof value === 'string' && WEB_IDENTITY.test(value));
    if (says && value !== '' && value !== null) found ??= at;
  });
  return found;
}

/** The values of a text key (`PREFIX/role`) anywhere below an object's root but in its own metadata and status. */
export function valuesOfKey(object: Readonly<Record<string, unknown>>, keys: ReadonlySet<string>): string[] {
  const found: string[] = [];
  if (keys.size === 0) return found;
  walk(object, (value, key) => {
    if (keys.has(key) && typeof value === 'string' && value !== '') found.push(value);
  });
  return found;
}

function walk(object: Readonly<Record<string, unknown>>, visit: Visit): void {
  const step = (value: unknown, key: string, at: string): void => {
    visit(value, key, at);
    if (Array.isArray(value)) value.forEach((item, index) => void step(item, '', `${at}[${index}]`));
    else if (isRecord(value)) for (const [inner, item] of Object.entries(value)) step(item, inner, `${at}.${inner}`);
  };
  for (const [key, value] of Object.entries(object)) {
    if (!['apiVersion', 'kind', 'metadata', 'status'].includes(key)) step(value, key, key);
  }
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
