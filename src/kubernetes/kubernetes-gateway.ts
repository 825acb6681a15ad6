import type { AwsCredentialIdentityProvider } from '@smithy/types';
import type { Cluster } from '../aws/gateways.ts';
import type { Clock } from '../model/clock.ts';
import { PodshiftError } from '../model/errors.ts';
import type { ApiAnswer } from './answer.ts';
import { DISCOVERY_TYPES, inOrder, readGroups, readResources } from './discovery.ts';
import { answerError } from './errors.ts';
import type { KubernetesGateway, KubernetesObject, Resource } from './gateway.ts';
import { guardedSink } from './list-items.ts';
import { createTokenSource } from './token.ts';
import { type ApiRequest, createTransport, isDisruptionBudget, type TransportSettings } from './transport.ts';

/** How to reach one cluster, and as whom. */
export interface KubernetesSettings {
  readonly cluster: Cluster;
  readonly clusterName: string;
  readonly region: string;
  readonly credentials: AwsCredentialIdentityProvider;
  readonly clock: Clock;
  /** `none`: retries of throttled requests follow at once, for a rehearsal. Default `standard`. */
  readonly retryDelays?: 'standard' | 'none';
  /** Called for every request that is sent, retries included. */
  readonly onRequest: () => void;
  /** See `TransportSettings`. */
  readonly pacer?: TransportSettings['pacer'];
  readonly pacingKey?: string;
  readonly exchange?: TransportSettings['exchange'];
  readonly serverTime?: TransportSettings['serverTime'];
  readonly contacts?: TransportSettings['contacts'];
  readonly principal?: TransportSettings['principal'];
}

/** Objects in one page of a list: kubectl's own chunk size. */
const PAGE_SIZE = 500;

/** How often a list starts again whose continue token has expired. */
const LIST_RESTARTS = 3;

/** The manager that the API server records for our writes. */
const FIELD_MANAGER = 'podshift';

const PATCH_TYPES = {
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  json: 'application/json-patch+json',
} as const;

/** The gateway to one cluster over `@kubernetes/client-node`'s transport. Throws `ClusterUnreachable` where it has no endpoint. */
export function createKubernetesGateway(settings: KubernetesSettings): KubernetesGateway {
  const { cluster, clusterName, region, credentials, clock, retryDelays = 'standard', onRequest } = settings;
  const tokens = createTokenSource({ clusterName, region, credentials, clock });
  const paced = settings.pacer === undefined ? {} : { pacer: settings.pacer, pacingKey: settings.pacingKey ?? '' };
  const transport = createTransport({
    cluster,
    tokens,
    retryDelays,
    onRequest,
    exchange: settings.exchange,
    serverTime: settings.serverTime,
    contacts: settings.contacts,
    principal: settings.principal,
    ...paced,
  });

  /** Sends, and throws unless the answer is a success or one of the statuses that the caller understands. */
  const send = async (request: ApiRequest, understood: readonly number[] = []): Promise<ApiAnswer> => {
    const answer = await transport(request);
    if (answer.status === 401) {
      tokens.forget();
    }
    if ((answer.status >= 200 && answer.status < 300) || understood.includes(answer.status)) {
      return answer;
    }
    throw answerError(answer, request.what, cluster);
  };

  /** Hands over every page of one list; false where a continue token expired on the way. */
  const eachPage = async (resource: Resource, namespace: string | undefined, selectors: Record<string, string>, taker: PageTaker) => {
    const what = describe('list', resource, namespace);
    // A list's items come without the two fields that every other answer has.
    const type = { apiVersion: apiVersion(resource), kind: resource.kind };
    const take = (item: KubernetesObject) => taker.take({ ...type, ...item });
    for (let token = ''; ; ) {
      const query: Record<string, string> = { ...selectors, limit: String(PAGE_SIZE), ...(token === '' ? {} : { continue: token }) };
      const items = guardedSink(taker.begin, (item) => take(item as KubernetesObject));
      const request = { method: 'GET', path: resourcePath(resource, namespace), query, items, what } as const;
      const answer = await send(request, [404, 410]).finally(items.check);
      if (answer.status === 404) {
        return true;
      }
      if (answer.status === 410) {
        return false;
      }
      const page = parse<{ items?: KubernetesObject[] | null; metadata?: { continue?: string } }>(answer, what);
      // What the sink was not given: the last one as a rule, all of them where the exchange knows no sink.
      for (const item of page.items ?? []) take(item);
      taker.end();
      token = page.metadata?.continue ?? '';
      if (token === '') {
        return true;
      }
    }
  };

  /** Reads a list until one reading comes to its end. Throws `ServiceUnavailable` where every one of them expires. */
  const toTheEnd = async (resource: Resource, namespace: string | undefined, read: () => Promise<boolean>): Promise<void> => {
    for (let restarts = 0; restarts <= LIST_RESTARTS; restarts += 1) {
      if (await read()) return;
    }
    throw new PodshiftError('ServiceUnavailable', `the list kept expiring: ${describe('list', resource, namespace)}`);
  };

  return {
    list: async (resource, { namespace, labelSelector, fieldSelector } = {}) => {
      const selectors = {
        ...(labelSelector === undefined ? {} : { labelSelector }),
        ...(fieldSelector === undefined ? {} : { fieldSelector }),
      };
      const objects: KubernetesObject[] = [];
      await toTheEnd(resource, namespace, () => {
        // Objects of the pages that came whole: what a broken one gave comes again.
        let kept = 0;
        objects.length = 0;
        return eachPage(resource, namespace, selectors, {
          begin: () => {
            objects.length = kept;
          },
          take: (object) => {
            objects.push(object);
          },
          end: () => {
            kept = objects.length;
          },
        });
      });
      return objects;
    },

    visit: async (resource, visit) => {
      const seen = new Set<string>();
      const take = (object: KubernetesObject): void => {
        const { uid, namespace = '', name } = object.metadata;
        const identity = uid ?? `${namespace}/${name}`;
        if (seen.has(identity)) return;
        seen.add(identity);
        visit(object);
      };
      const nothing = () => undefined;
      await toTheEnd(resource, undefined, () => eachPage(resource, undefined, {}, { begin: nothing, take, end: nothing }));
    },

    discover: async (wanted) => {
      const what = 'list the API groups';
      const found = readGroups(parse(await send({ method: 'GET', path: '/apis', accept: DISCOVERY_TYPES, what }), what));
      if (found.kind === 'all') {
        const { resources, unanswered } = found.served;
        return inOrder(
          resources.filter(({ group }) => wanted(group)),
          unanswered.filter(wanted),
        );
      }
      const asked = found.groups.filter(({ group }) => wanted(group));
      const answers = await Promise.all(
        asked.map(async (group) => {
          const path = `/apis/${group.group}/${group.version}`;
          const answer = await send({ method: 'GET', path, what: `list the kinds of ${group.group}` }, UNANSWERED);
          return answer.status >= 400 ? undefined : readResources(group, parse(answer, what));
        }),
      );
      return inOrder(
        answers.flatMap((resources) => resources ?? []),
        asked.filter((_, index) => answers[index] === undefined).map(({ group }) => group),
      );
    },

    get: async (resource, namespace, name) => {
      const what = describe('get', resource, namespace, name);
      const answer = await send({ method: 'GET', path: resourcePath(resource, namespace, name), what }, [404]);
      return answer.status === 404 ? undefined : parse<KubernetesObject>(answer, what);
    },

    patch: async (resource, namespace, name, patch, { dryRun = false } = {}) => {
      const what = describe(dryRun ? 'patch (dry run)' : 'patch', resource, namespace, name);
      const answer = await send({
        method: 'PATCH',
        path: resourcePath(resource, namespace, name),
        query: { fieldManager: FIELD_MANAGER, ...(dryRun ? { dryRun: 'All' } : {}) },
        body: patch.body,
        contentType: PATCH_TYPES[patch.type],
        what,
      });
      return parse<KubernetesObject>(answer, what);
    },

    create: async (resource, namespace, object, { dryRun = false } = {}) => {
      const what = describe(dryRun ? 'create (dry run)' : 'create', resource, namespace);
      const answer = await send({
        method: 'POST',
        path: resourcePath(resource, namespace),
        query: { fieldManager: FIELD_MANAGER, ...(dryRun ? { dryRun: 'All' } : {}) },
        body: object,
        // Each API server has its own copy of what the webhook knows: dry runs are spread over them.
        newConnection: dryRun,
        what,
      });
      return parse<KubernetesObject>(answer, what);
    },

    delete: async (resource, namespace, name, { uid, gracePeriodSeconds } = {}) => {
      const body = {
        apiVersion: 'v1',
        kind: 'DeleteOptions',
        ...(uid === undefined ? {} : { preconditions: { uid } }),
        ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
      };
      const what = describe('delete', resource, namespace, name);
      // 409 with a uid: an object of the same name that is not the one meant.
      await send({ method: 'DELETE', path: resourcePath(resource, namespace, name), body, what }, uid === undefined ? [404] : [404, 409]);
    },

    evict: async (namespace, podName, { uid } = {}) => {
      const answer = await send(
        {
          method: 'POST',
          path: `${resourcePath(PODS, namespace, podName)}/eviction`,
          body: {
            apiVersion: 'policy/v1',
            kind: 'Eviction',
            metadata: { name: podName, namespace },
            ...(uid === undefined ? {} : { deleteOptions: { preconditions: { uid } } }),
          },
          what: `evict pod ${podName} in namespace ${namespace}`,
        },
        uid === undefined ? [404, 429] : [404, 409, 429],
      );
      if (answer.status === 429) {
        if (isDisruptionBudget(answer)) {
          return 'blocked';
        }
        throw answerError(answer, `evict pod ${podName} in namespace ${namespace}`, cluster);
      }
      return answer.status === 404 || answer.status === 409 ? 'gone' : 'evicted';
    },
  };
}

/** What the API server says of a group whose own server is away, and of one that went meanwhile. */
const UNANSWERED = [404, 500, 502, 503, 504];

const PODS: Resource = { group: '', version: 'v1', plural: 'pods', kind: 'Pod', namespaced: true };

function apiVersion(resource: Resource): string {
  return resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;
}

function resourcePath(resource: Resource, namespace: string | undefined, name?: string): string {
  const group = resource.group === '' ? '/api' : `/apis/${resource.group}`;
  const scope = resource.namespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  const object = name === undefined ? '' : `/${encodeURIComponent(name)}`;
  return `${group}/${resource.version}${scope}/${resource.plural}${object}`;
}

function describe(verb: string, resource: Resource, namespace: string | undefined, name?: string): string {
  const plural = resource.group === '' ? resource.plural : `${resource.plural}.${resource.group}`;
  return `${verb} ${plural}${name === undefined ? '' : ` ${name}`}${namespace === undefined ? '' : ` in namespace ${namespace}`}`;
}

/** What is made of the pages of a list. */
interface PageTaker {
  /** A page begins, or begins again. */
  readonly begin: () => void;
  readonly take: (object: KubernetesObject) => void;
  /** The page came whole. */
  readonly end: () => void;
}

function parse<T>(answer: ApiAnswer, what: string): T {
  try {
    return JSON.parse(answer.body) as T;
  } catch {
    // The parser's own error quotes the body.
    throw new PodshiftError('ServiceUnavailable', `the response of the API server is not JSON: ${what}`);
  }
}
