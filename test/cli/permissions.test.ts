import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { rehearse } from '../../engine/rehearsal.ts';
import { RESOURCES } from '../../src/kubernetes/resources.ts';

const root = new URL('../../', import.meta.url);
const page = await readFile(new URL('docs/permissions.md', root), 'utf8');
const rows = page
  .split('\n')
  .filter((line) => line.startsWith('| `'))
  .map((line) => line.split('|').map((cell) => cell.trim().replaceAll('`', '')));
const actions = rows.map((cells) => cells[1] ?? '').filter((cell) => cell.includes(':'));
const granted = new Map(
  rows
    .filter((cells) => !cells[1]?.includes(':'))
    .map((cells) => [`${cells[1]}.${cells[2] === 'core' ? '' : cells[2]}`, (cells[3] ?? '').split(', ').sort()]),
);

/** What IAM asks for besides the call of the same name. */
const WITHOUT_A_CALL = ['iam:PassRole', 'eks:TagResource', 'sts:AssumeRole'];

describe('docs/permissions.md', () => {
  it('lists the AWS actions that the gateways call, and no other', async () => {
    const folder = new URL('src/aws/', root);
    const called = new Set<string>();
    for (const file of await readdir(folder)) {
      const text = await readFile(new URL(file, folder), 'utf8');
      const service = /@aws-sdk\/client-(eks|iam|sts|cloudtrail)'/.exec(text)?.[1];
      if (service === undefined || file === 'aws-gateways.ts') continue;
      for (const [, command, paginator] of text.matchAll(/new (\w+)Command\(|paginate(\w+)\(/g))
        called.add(`${service}:${command ?? paginator}`);
    }

    expect(called.size).toBeGreaterThan(10);
    expect([...called, ...WITHOUT_A_CALL].sort()).toEqual([...actions].sort());
  });

  it('lists the verbs of the ClusterRole, and no other', async () => {
    const [role] = parseAllDocuments(await readFile(new URL('infra/cluster-access/cluster-role.yaml', root), 'utf8')).map((document) =>
      document.toJS(),
    );
    const rules = role.rules as { apiGroups: string[]; resources: string[]; verbs: string[] }[];
    const bound = rules.flatMap((rule) =>
      rule.resources.map((resource) => [`${resource}.${rule.apiGroups[0]}`, [...rule.verbs].sort()] as const),
    );
    expect(new Map(bound)).toEqual(granted);
  });

  it('lists every kind that podshift knows, and no other', () => {
    const kinds = Object.values(RESOURCES).map((resource) => `${resource.plural}.${resource.group}`);
    // Neither read nor written: Kubernetes asks for the right to bind them.
    const bound = ['roles', 'clusterroles'].map((plural) => `${plural}.rbac.authorization.k8s.io`);
    expect([...granted.keys()].filter((name) => !name.includes('/')).sort()).toEqual([...kinds, ...bound].sort());
  });

  it.each(['examples/shop', 'examples/press-kube2iam'])(
    'grants every request of a whole migration and its rollback: %s',
    async (folder) => {
      const rehearsal = await rehearse({
        snapshot: fileURLToPath(new URL(folder, root)),
        startAt: Date.parse('2026-03-02T10:00:00Z'),
      });
      try {
        await rehearsal.rollback();
        const missing = new Set<string>();
        for (const { service, operation } of rehearsal.twin.requests) {
          if (service !== 'kubernetes') {
            if (!actions.includes(`${service}:${operation}`)) missing.add(`${service}:${operation}`);
            continue;
          }
          const [verb = '', resource = ''] = operation.replace('?dryRun', '').split(' ');
          const allowed = [...granted].some(([name, verbs]) => name.split('.')[0] === resource && verbs.includes(verb));
          if (!allowed) missing.add(operation);
        }
        expect([...missing]).toEqual([]);
        expect(rehearsal.twin.requests.length).toBeGreaterThan(100);
      } finally {
        await rehearsal.close();
      }
    },
  );
});
