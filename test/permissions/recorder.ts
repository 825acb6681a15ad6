import type { LocalRuntime } from '../../engine/local-runtime.ts';
import { createMemoryTable } from '../../engine/memory-table.ts';
import { type Rehearsal, type RehearsalSettings, rehearse } from '../../engine/rehearsal.ts';
import { loadService, type Service } from '../../engine/service.ts';
import { runStateMachine, type StateMachineRun } from '../../engine/state-machine.ts';
import { hasCustomResources } from '../../src/inventory/consumers/scope.ts';
import type { Item, Table } from '../../src/journal/table.ts';
import { createTableJournal } from '../../src/journal/table-journal.ts';
import { createClusterConnections } from '../../src/kubernetes/connections.ts';
import { RESOURCES } from '../../src/kubernetes/resources.ts';
import type { ClusterRuntime, ServiceRuntime } from '../../src/migration/runtime.ts';
import type { Executions } from '../../src/service/executions.ts';
import type { Pages } from '../../src/service/pages.ts';
import type { EventBus, Publishing } from '../../src/service/publish.ts';
import type { Watching } from '../../src/service/watch-runs.ts';
import type { TwinRequest } from '../../twin/contracts.ts';
import type { Twin } from '../../twin/twin.ts';
import { callName } from './reachable.ts';
import { CUSTOM_RESOURCES } from './reasons.ts';

/** What a function asked for. */
export interface Asked {
  /** IAM actions: `eks:DescribeCluster`. */
  readonly aws: Set<string>;
  /** Verbs of RBAC with their resources: `patch deployments.apps`, `create pods/eviction`. */
  readonly kubernetes: Set<string>;
  /** Calls of gateways and journal, as `reachableCalls` names them. */
  readonly calls: Set<string>;
}

/** All that any function's runtime has. */
type Everything = ClusterRuntime & ServiceRuntime & Publishing & Watching;

/** How to rehearse what is recorded. */
export interface RecordedSettings extends Omit<RehearsalSettings, 'journal' | 'service' | 'onEvent'> {
  /** Called as a state is entered, with the unit of a child execution. */
  readonly onState?: (twin: Twin, state: string, unitId: string) => void;
}

/** What else a scenario does with functions that are recorded. */
export interface Driver {
  /** Runs a state machine. */
  execute(execution: Pick<StateMachineRun, 'name' | 'executionId' | 'input' | 'signal' | 'approve'>): Promise<unknown>;
  /** Calls one function, by its key in serverless.yml. */
  call(key: string, event: unknown): Promise<unknown>;
  /** The journal's items of a run. */
  items(runId: string): Promise<readonly Item[]>;
}

/** The action that each call of a table takes; `openDynamoTable` makes them. */
export const TABLE_ACTIONS = {
  get: 'dynamodb:GetItem',
  put: 'dynamodb:PutItem',
  update: 'dynamodb:UpdateItem',
  remove: 'dynamodb:DeleteItem',
  query: 'dynamodb:Query',
} as const satisfies Record<keyof Table, string>;

/** The action that each call of the pages takes, or lets its reader take; `createPageStore` makes them. */
export const PAGE_ACTIONS = { has: 's3:GetObject', put: 's3:PutObject', link: 's3:GetObject' } as const satisfies Record<
  keyof Pages,
  string
>;

/** The action that each call of Step Functions takes; `createExecutions` makes them. */
export const EXECUTION_ACTIONS = {
  start: 'states:StartExecution',
  status: 'states:DescribeExecution',
  failure: 'states:DescribeExecution',
  stop: 'states:StopExecution',
  succeedTask: 'states:SendTaskSuccess',
  failTask: 'states:SendTaskFailure',
} as const satisfies Record<keyof Executions, string>;

/**
 * Records what each function asks of AWS and Kubernetes. As in Lambda, each has a runtime, clients and credentials of its own:
 * the twin's log says whose a request was.
 */
export class Recorder {
  readonly #asked = new Map<string, Asked>();

  /** By function, as serverless.yml names them. */
  get asked(): ReadonlyMap<string, Asked> {
    return this.#asked;
  }

  /** Rehearses a migration, then does what else is to be recorded with it. */
  async rehearse(
    settings: RecordedSettings,
    more: (rehearsal: Rehearsal, driver: Driver) => Promise<unknown> = async () => undefined,
  ): Promise<void> {
    const table = createMemoryTable();
    const declared = await loadService();
    let twin: Twin | undefined;
    const { onState, ...others } = settings;
    const service = this.#overOwnRuntimes(declared, table, () => {
      if (twin === undefined) throw new Error('the twin has not started');
      return twin;
    });
    const rehearsal = await rehearse({
      ...others,
      onEvent: ({ type, state, unitIds = [''] }) => {
        if (type !== 'state-entered' || twin === undefined) return;
        for (const unitId of unitIds) onState?.(twin, state, unitId);
      },
      journal: (clock) => ({ journal: createTableJournal(table, clock), close: async () => undefined }),
      service,
      prepare: (started) => {
        twin = started;
        settings.prepare?.(started);
      },
    });
    try {
      const { runtime, clock } = rehearsal;
      await more(rehearsal, {
        execute: (execution) => runStateMachine({ runtime, clock: clock.engine, service, ...execution }),
        call: async (key, event) => {
          const { withRuntime } = await service.handler(`${key.charAt(0).toUpperCase()}${key.slice(1)}LambdaFunction`);
          return withRuntime(runtime)(event);
        },
        items: (runId) => table.query(`RUN#${runId}`, ''),
      });
    } finally {
      for (const request of rehearsal.twin.requests) this.#note(request);
      await rehearsal.close();
    }
  }

  #overOwnRuntimes(service: Service, table: Table, twin: () => Twin): Service {
    const runtimes = new Map<string, Everything>();
    return {
      ...service,
      handler: async (id) => {
        const { withRuntime } = await service.handler(id);
        const name = functionKey(id);
        return {
          withRuntime: (shared) => {
            const runtime = runtimes.get(name) ?? this.#runtimeOf(name, shared, table, twin());
            runtimes.set(name, runtime);
            return withRuntime(runtime);
          },
        };
      },
    };
  }

  #runtimeOf(name: string, shared: ClusterRuntime, table: Table, twin: Twin): Everything {
    const { aws, calls } = this.#askedBy(name);
    const connections = createClusterConnections({
      clock: shared.clock,
      endpoint: twin.awsEndpoint,
      credentials: twin.signIn(name),
      retryDelays: 'none',
    });
    return {
      ...shared,
      journal: noted(createTableJournal(taking(table, TABLE_ACTIONS, aws), shared.clock), 'journal', calls),
      executions: async () => taking(noted(await (shared as LocalRuntime).executions(), 'executions', calls), EXECUTION_ACTIONS, aws),
      bus: taking(noted(BUS, 'bus', calls), { put: 'events:PutEvents' }, aws),
      pages: taking(noted(PAGES, 'pages', calls), PAGE_ACTIONS, aws),
      apiUrl: 'https://api.test',
      metrics: { add: () => undefined },
      takeCalls: connections.takeCalls,
      aws: (target) => {
        const { eks, iam, sts, cloudTrail } = connections.aws(target);
        return {
          eks: noted(eks, 'eks', calls),
          iam: noted(iam, 'iam', calls),
          sts: noted(sts, 'sts', calls),
          cloudTrail: noted(cloudTrail, 'cloudTrail', calls),
        };
      },
      kubernetes: async (target) => {
        calls.add('eks.describeCluster');
        return noted(await connections.kubernetes(target), 'kubernetes', calls);
      },
    };
  }

  #note({ service, operation, apiGroup = '', principal = '' }: TwinRequest): void {
    const name = principal.split('/').at(-1) ?? '';
    // Podshift's own operator is no function: the harness looks around with it.
    if (principal.endsWith(':role/podshift')) return;
    const asked = this.#askedBy(name);
    if (service !== 'kubernetes') asked.aws.add(`${service}:${operation}`);
    else {
      const [verb = '', resource = ''] = operation.replace('?dryRun', '').split(' ');
      // Discovery is open to everybody who is signed in (Kubernetes, "Default roles": system:discovery).
      if (resource.startsWith('/')) return;
      asked.kubernetes.add(
        `${verb} ${isByName(resource, apiGroup) ? `${resource}${apiGroup === '' ? '' : `.${apiGroup}`}` : CUSTOM_RESOURCES}`,
      );
    }
  }

  #askedBy(name: string): Asked {
    const asked = this.#asked.get(name) ?? { aws: new Set(), kubernetes: new Set(), calls: new Set() };
    this.#asked.set(name, asked);
    return asked;
  }
}

/** Whether a resource is one that podshift knows by its name; any other of a group of its own is a custom resource. */
function isByName(resource: string, group: string): boolean {
  const known = Object.values(RESOURCES).some((one) => one.group === group && one.plural === resource.split('/')[0]);
  return known || !hasCustomResources(group);
}

const RESOURCE_NAMES = new Map<unknown, string>(Object.entries(RESOURCES).map(([name, resource]) => [resource, name]));

/** Where pages go that nobody reads, and are never found again. */
const PAGES: Pages = {
  has: async () => false,
  put: async () => undefined,
  link: async () => ({ url: 'https://pages.test/', expiresAt: '2026-01-05T11:00:00.000Z' }),
};

/** A bus that takes everything. */
const BUS: EventBus = { put: async (entries) => entries.map(() => undefined) };

/** The same gateway, whose calls take these actions. */
export function taking<Gateway extends object>(gateway: Gateway, actions: Readonly<Record<string, string>>, taken: Set<string>): Gateway {
  return new Proxy(gateway, {
    get: (target, method) => {
      const action = actions[String(method)];
      if (action !== undefined) taken.add(action);
      return Reflect.get(target, method);
    },
  });
}

/** The same gateway, whose calls are noted. */
function noted<Gateway extends object>(gateway: Gateway, name: string, calls: Set<string>): Gateway {
  return new Proxy(gateway, {
    get: (target, method) => {
      const call: unknown = Reflect.get(target, method);
      if (typeof call !== 'function') return call;
      return (...given: unknown[]) => {
        const resource = RESOURCE_NAMES.get(given[0]);
        calls.add(`${name}.${String(method)}`);
        if (resource !== undefined) calls.add(callName(`${name}.${String(method)}`, resource));
        return Reflect.apply(call, target, given);
      };
    },
  });
}

/** The function's key in serverless.yml, by its logical ID. */
export function functionKey(id: string): string {
  const name = id.replace(/LambdaFunction$/, '');
  return name.charAt(0).toLowerCase() + name.slice(1);
}
