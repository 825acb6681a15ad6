import { AsyncLocalStorage } from 'node:async_hooks';
import { readdir, readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { createMemoryTable } from '../../engine/memory-table.ts';
import { WANTED_GROUPS } from '../../src/inventory/cluster-objects.ts';
import { CONSUMER_KINDS } from '../../src/inventory/consumers/kinds.ts';
import { hasCustomResources } from '../../src/inventory/consumers/scope.ts';
import { createTableJournal } from '../../src/journal/table-journal.ts';
import { RESOURCES } from '../../src/kubernetes/resources.ts';
import { describeJournal } from '../contract/journal-suite.ts';
import { accessObjects, allowedBy, CLUSTER_ROLES, clusterRolesOf, onlyReads } from '../permissions/cluster-roles.ts';
import { permissionsPage } from '../permissions/page.ts';
import { reachableCalls } from '../permissions/reachable.ts';
import {
  ACTION_REASONS,
  COMMAND_LINE_ONLY,
  CUSTOM_RESOURCES,
  GROUPS_OF_AWS,
  NEVER_MADE,
  NEVER_TAKEN,
  ONLY_IN_TROUBLE,
  RESOURCE_REASONS,
  TAKEN_IN_RACES,
  VERBS_WITHOUT_REQUEST,
  WITHOUT_REQUEST,
} from '../permissions/reasons.ts';
import { type Asked, PAGE_ACTIONS, Recorder, TABLE_ACTIONS, taking } from '../permissions/recorder.ts';
import { run, SHOP } from '../permissions/scenario.ts';
import { SCENARIOS } from '../permissions/scenarios.ts';
import { PLANNING, usesOf } from '../permissions/uses.ts';
import type { Packaged } from '../support/package-service.ts';
import { packaged } from '../support/packaged.ts';

/** The actions that each call of the journal can take, by all that its contract has it do. */
const journalActions = new Map<string, Set<string>>();
const call = new AsyncLocalStorage<Set<string>>();

describeJournal({
  name: 'a table that notes what is asked of it',
  exceptions: {},
  start: async (clock) => {
    const noted = new Proxy(new Set<string>(), {
      get: (_none, name) => (name === 'add' ? (action: string) => call.getStore()?.add(action) : undefined),
    });
    const journal = createTableJournal(taking(createMemoryTable(), TABLE_ACTIONS, noted), clock);
    const told = new Proxy(journal, {
      get: (target, method) => {
        const actions = journalActions.get(String(method)) ?? new Set<string>();
        journalActions.set(String(method), actions);
        return (...given: unknown[]) => call.run(actions, () => Reflect.apply(Reflect.get(target, method), target, given));
      },
    });
    return { journal: told, close: async () => undefined };
  },
});

describe('what the functions ask for', () => {
  let service: Packaged;
  let keys: string[];
  let asked: ReadonlyMap<string, Asked>;
  const askedBy = (key: string): Asked => asked.get(key) ?? { aws: new Set(), kubernetes: new Set(), calls: new Set() };
  /** With what no request names. */
  const needed = (key: string): Set<string> => {
    const { aws } = askedBy(key);
    const others = [...WITHOUT_REQUEST.filter(({ needs }) => needs(aws, key)), ...TAKEN_IN_RACES.filter((one) => one.key === key)];
    return new Set([...aws, ...others.map(({ action }) => action)]);
  };

  const neededByAll = () => new Map(keys.map((key) => [key, { aws: needed(key), kubernetes: askedBy(key).kubernetes }]));

  beforeAll(async () => {
    service = await packaged();
    keys = Object.keys(service.state.service.functions);
    const recorder = new Recorder();
    for (const [, play] of SCENARIOS) await play(recorder);
    asked = recorder.asked;
  }, 600_000);

  it('is seen in every call that their code can make', async () => {
    const modules = new Map(
      Object.entries(service.state.service.functions).map(([key, { handler }]) => [handler.replace(/\.\w+$/, '.ts'), key]),
    );
    const unseen: string[] = [];
    for (const [module, calls] of await reachableCalls([...modules.keys()])) {
      const key = modules.get(module) ?? module;
      const never = NEVER_MADE.filter((one) => one.key === key).map((one) => one.call);
      for (const one of calls) {
        const isRare = ONLY_IN_TROUBLE.some(({ call, key: only = key }) => call === one && only === key);
        if (!askedBy(key).calls.has(one) && !isRare && !never.includes(one))
          unseen.push(`${key} can call ${one}: let a scenario of test/permissions do it, or say in NEVER_MADE why none can`);
      }
    }
    expect(unseen).toEqual([]);
  });

  it('is seen in every way that a call of the journal can go', () => {
    expect(journalActions.size).toBeGreaterThan(40);
    const unseen = keys.flatMap((key) => {
      const never = [...NEVER_TAKEN, ...TAKEN_IN_RACES].filter((one) => one.key === key).map(({ action }) => action);
      const calls = [...askedBy(key).calls].filter((one) => one.startsWith('journal.')).map((one) => one.slice('journal.'.length));
      return calls.flatMap((method) =>
        [...(journalActions.get(method) ?? [])]
          .filter((action) => !askedBy(key).aws.has(action) && !never.includes(action))
          .map(
            (action) =>
              `${key} can take ${action} by journal.${method}: let a scenario of test/permissions do it, or say in NEVER_TAKEN why none can`,
          ),
      );
    });
    expect(unseen).toEqual([]);
  });

  it('is what their packaged roles allow, and no more', () => {
    const problems = keys.flatMap((key) => {
      const allowed = actionsOf(service, key).filter((action) => !/^(logs|xray|ec2):/.test(action));
      return [
        ...[...needed(key)].filter((action) => !allowed.includes(action)).map((action) => `${key}: add ${action} to its row`),
        ...allowed
          .filter((action) => !needed(key).has(action))
          .map((action) => `${key}: nothing asks for ${action}, take it out of its row`),
      ];
    });
    expect(problems, 'infra/function-permissions.yml').toEqual([]);
  });

  it('is limited to resources wherever the action knows any', () => {
    for (const key of keys) {
      for (const { Action, Resource } of statementsOf(service, key).filter((statement) => statement.Resource === '*')) {
        const limitable = Action.filter((action) => ACTION_REASONS[action]?.resource !== undefined);
        expect(limitable, `infra/permissions.yml, ${key}: ${String(Resource)}`).toEqual([]);
      }
    }
  });

  it('is what the role of a member account allows, and no more', async () => {
    const text = await readFile(new URL('../../infra/member-account.yml', import.meta.url), 'utf8');
    const allowed = new Set(
      [...text.matchAll(/\b(?:eks|iam|cloudtrail):[A-Z]\w+/g)]
        .map(([action]) => action)
        .filter((action) => action !== 'iam:PassedToService'),
    );
    const there = keys.flatMap((key) => [...needed(key)]).filter((action) => /^(eks|iam|cloudtrail):/.test(action));
    expect([...allowed].sort()).toEqual([...new Set(there)].sort());
  });

  it('is what the ClusterRoles allow, each by itself, and no more', async () => {
    const needs = clusterRolesOf(neededByAll());
    for (const name of CLUSTER_ROLES) {
      const [role] = await accessObjects(`${name}.yaml`);
      expect(role?.metadata.name).toBe(`podshift-${name}`);
      const wanted = new Set(needs.get(name));
      wanted.delete(`list ${CUSTOM_RESOURCES}`);
      expect(allowedBy(role?.rules ?? []).sort(), `infra/cluster-access/${name}.yaml`).toEqual([...wanted].sort());
    }
  });

  it('is, of custom resources, what the second ClusterRole allows: lists in each group that podshift knows or that AWS brings to clusters', async () => {
    const [, , role, binding] = await accessObjects('reading.yaml');
    const [rule, ...more] = role?.rules ?? [];
    expect([rule?.resources, rule?.verbs, more]).toEqual([['*'], ['list'], []]);
    const known = new Set([...CONSUMER_KINDS.map(({ group }) => group), ...WANTED_GROUPS, ...Object.keys(GROUPS_OF_AWS)]);
    expect(rule?.apiGroups).toEqual([...known].sort());
    expect(binding?.roleRef.name).toBe(role?.metadata.name);
    expect([...known].filter((group) => !hasCustomResources(group))).toEqual([]);
  });

  it('is asked for in other accounts and in clusters by a role that only reads, wherever nothing is changed', () => {
    const reads = [...neededByAll()].filter(([, needed]) => onlyReads(needed)).map(([key]) => key);
    expect(reads.length).toBeGreaterThan(5);
    const assumed = keys.map(
      (key) => [key, JSON.stringify(statementsOf(service, key).filter(({ Action }) => Action.includes('sts:AssumeRole')))] as const,
    );
    const asReader = assumed.filter(([, statements]) => statements.includes('ClusterReadingRole')).map(([key]) => key);
    expect(asReader.sort()).toEqual(reads.sort());
    for (const [key, statements] of assumed.filter(([key]) => reads.includes(key))) {
      expect(statements, key).not.toMatch(/ClusterAccessRole|podshift-member"/);
      expect(variablesOf(service, key), key).toMatchObject({
        MEMBER_ROLE: 'reading',
        CLUSTER_ACCESS_ROLE_ARN: { 'Fn::GetAtt': ['ClusterReadingRole', 'Arn'] },
      });
    }
    for (const key of keys.filter((one) => !reads.includes(one))) expect(variablesOf(service, key), key).not.toHaveProperty('MEMBER_ROLE');
  });

  it('has a reason each', () => {
    expect(Object.keys(ACTION_REASONS).sort()).toEqual([...new Set(keys.flatMap((key) => [...needed(key)]))].sort());
    const resources = [
      ...Object.values(RESOURCES).map(({ plural, group }) => (group === '' ? plural : `${plural}.${group}`)),
      CUSTOM_RESOURCES,
    ];
    const without = ['pods/eviction', ...VERBS_WITHOUT_REQUEST.map((asked) => asked.split(' ')[1])];
    expect(Object.keys(RESOURCE_REASONS).sort()).toEqual([...new Set([...resources, ...without])].sort());
  });

  it('is, with what the command line does, every request that the gateways can send', async () => {
    const sent = new Set<string>();
    const folder = new URL('../../src/aws/', import.meta.url);
    // Of the command line, the simulator alone is asked beside the gateways.
    const files = [
      ...(await readdir(folder)).map((file) => new URL(file, folder)),
      new URL('../../cli/doctor/aws-writes.ts', import.meta.url),
    ];
    for (const file of files) {
      const text = await readFile(file, 'utf8');
      const client = /@aws-sdk\/client-(\w+)'/.exec(text)?.[1];
      if (client === undefined || file.pathname.endsWith('/aws-gateways.ts')) continue;
      const service = client === 'sfn' ? 'states' : client === 'eventbridge' ? 'events' : client;
      for (const [, command, pages] of text.matchAll(/new (\w+)Command\(|paginate(\w+)\(/g)) sent.add(`${service}:${command ?? pages}`);
    }
    expect(sent.size).toBeGreaterThan(30);
    const listed = [...Object.keys(ACTION_REASONS), ...COMMAND_LINE_ONLY.map(({ action }) => action)];
    const without = [
      ...WITHOUT_REQUEST.map(({ action }) => action),
      'execute-api:Invoke',
      ...Object.values(TABLE_ACTIONS),
      ...Object.values(PAGE_ACTIONS),
    ];
    // Anybody may ask who they are: it needs no permission.
    expect([...sent].filter((action) => action !== 'sts:GetCallerIdentity').sort()).toEqual(
      listed.filter((action) => !without.includes(action)).sort(),
    );
  });

  it('is what docs/permissions.md says ("npm run permissions" writes it)', async () => {
    await expect(permissionsPage({ functions: neededByAll(), uses: await usesOf() })).toMatchFileSnapshot('../../docs/permissions.md');
  });

  it('is asked for by these functions alone where only a plan is wanted', async () => {
    const recorder = new Recorder();
    await recorder.rehearse({ ...run(SHOP), mode: 'plan' });
    expect(
      [...recorder.asked.keys()].filter((key) => askedBy(key).calls.size > 0 && (recorder.asked.get(key)?.calls.size ?? 0) > 0).sort(),
    ).toEqual([...PLANNING].sort());
  });
});

interface Statement {
  readonly Action: readonly string[];
  readonly Resource: unknown;
}

/** The statements of a function's packaged role. */
function statementsOf({ template }: Packaged, key: string): readonly Statement[] {
  const role = template.Resources[`${key.charAt(0).toUpperCase()}${key.slice(1)}FunctionRole`];
  const policies = role?.Properties.Policies as { PolicyDocument: { Statement: readonly Statement[] } }[] | undefined;
  return policies?.flatMap(({ PolicyDocument }) => PolicyDocument.Statement) ?? [];
}

/** The environment that the packaged function has of its own. */
function variablesOf({ template }: Packaged, key: string): Readonly<Record<string, unknown>> {
  const lambda = template.Resources[`${key.charAt(0).toUpperCase()}${key.slice(1)}LambdaFunction`];
  return (lambda?.Properties.Environment as { Variables?: Record<string, unknown> } | undefined)?.Variables ?? {};
}

function actionsOf(service: Packaged, key: string): string[] {
  return statementsOf(service, key).flatMap(({ Action }) => Action);
}
