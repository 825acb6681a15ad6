import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import type { EventLog } from './event-log.ts';
import { apiVersionOf, type Kind } from './kinds.ts';
import { type Matcher, parseFieldSelector, parseLabelSelector } from './selectors.ts';
import { badRequest, expired } from './status.ts';
import type { Store } from './store.ts';

/** A continue token is good for so long: etcd is compacted every 5 minutes. */
const TOKEN_LIFETIME = 5 * 60 * 1000;
/** Unfinished lists that are kept; the oldest expire first. */
const TOKENS = 256;

interface Rest {
  readonly items: readonly KubernetesObject[];
  readonly offset: number;
  readonly resourceVersion: number;
  readonly expires: number;
}

/** What the query of a list or watch chooses. */
export function chooser(kind: Kind, query: URLSearchParams): Matcher | undefined {
  const labels = query.get('labelSelector');
  const fields = query.get('fieldSelector');
  const matchers = [...(labels ? [parseLabelSelector(labels)] : []), ...(fields ? [parseFieldSelector(kind.kind, fields)] : [])];
  return matchers.length === 0 ? undefined : (object) => matchers.every((matches) => matches(object));
}

/** Pages through lists. All pages of a list show the same moment, as etcd's do. */
export class Lists {
  readonly #store: Store;
  readonly #now: () => number;
  readonly #events: Pick<EventLog, 'list'> | undefined;
  readonly #rests = new Map<string, Rest>();
  readonly #texts = new WeakMap<KubernetesObject, string>();
  #tokens = 0;

  constructor(store: Store, now: () => number, events?: Pick<EventLog, 'list'>) {
    this.#store = store;
    this.#now = now;
    this.#events = events;
  }

  /** The JSON of a page. Throws 400 and 410. */
  page(kind: Kind, version: string, namespace: string | undefined, query: URLSearchParams): string {
    const limit = Number(query.get('limit') ?? 0);
    if (!Number.isInteger(limit) || limit < 0) {
      throw badRequest(`Invalid value: "${query.get('limit')}": limit must be a number that is not negative`);
    }
    const token = query.get('continue') ?? '';
    const rest = token === '' ? this.#start(kind, namespace, query) : this.#resume(token, kind, namespace);
    const end = limit === 0 ? rest.items.length : Math.min(rest.offset + limit, rest.items.length);
    const items = rest.items.slice(rest.offset, end);
    const metadata = {
      resourceVersion: String(rest.resourceVersion),
      ...(end < rest.items.length
        ? { continue: this.#keep({ ...rest, offset: end }, kind, namespace), remainingItemCount: rest.items.length - end }
        : {}),
    };
    const apiVersion = apiVersionOf(kind.group, version);
    const head = JSON.stringify({ kind: `${kind.kind}List`, apiVersion, metadata }).slice(0, -1);
    return `${head},"items":[${items.map((item) => this.#text(item, apiVersion)).join(',')}]}`;
  }

  /** Lets all continue tokens expire. */
  compact(): void {
    this.#rests.clear();
  }

  #start(kind: Kind, namespace: string | undefined, query: URLSearchParams): Rest {
    const matches = chooser(kind, query);
    const kept = this.#store.list(kind, namespace);
    const all =
      kind.kind === 'Event' && kind.group === '' && this.#events !== undefined ? [...kept, ...this.#events.list(namespace)] : kept;
    return {
      items: matches === undefined ? all : all.filter(matches),
      offset: 0,
      resourceVersion: this.#store.resourceVersion,
      expires: this.#now() + TOKEN_LIFETIME,
    };
  }

  #resume(token: string, kind: Kind, namespace: string | undefined): Rest {
    const text = Buffer.from(token, 'base64url').toString('utf8');
    if (!text.startsWith('twin/')) {
      throw badRequest('continue key is not valid');
    }
    const rest = this.#rests.get(token);
    if (rest === undefined || rest.expires < this.#now() || !text.endsWith(`/${key(kind, namespace)}`)) {
      throw expired(
        'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results.',
      );
    }
    return rest;
  }

  #keep(rest: Rest, kind: Kind, namespace: string | undefined): string {
    this.#tokens += 1;
    const token = Buffer.from(`twin/${this.#tokens}/${key(kind, namespace)}`, 'utf8').toString('base64url');
    this.#rests.set(token, rest);
    const [oldest] = this.#rests.keys();
    if (this.#rests.size > TOKENS && oldest !== undefined) {
      this.#rests.delete(oldest);
    }
    return token;
  }

  /** Items of a list carry neither kind nor version when they are built-in; clients know both from the list. The twin keeps them: that is allowed and easier to read. */
  #text(object: KubernetesObject, apiVersion: string): string {
    if (object.apiVersion !== apiVersion) {
      return JSON.stringify({ ...object, apiVersion });
    }
    let text = this.#texts.get(object);
    if (text === undefined) {
      text = JSON.stringify(object);
      this.#texts.set(object, text);
    }
    return text;
  }
}

function key(kind: Kind, namespace: string | undefined): string {
  return `${kind.group}:${kind.kind}:${namespace ?? ''}`;
}
