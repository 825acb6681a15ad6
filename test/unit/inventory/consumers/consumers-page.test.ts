import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { CONSUMER_KINDS } from '../../../../src/inventory/consumers/kinds.ts';

const page = fileURLToPath(new URL('../../../../docs/consumers.md', import.meta.url));

const INTRODUCTION = `# Consumers

Who uses a service account without running as it: custom resources whose controllers exchange its token, read its annotation, or start
pods as it later. podshift lists the custom resources of every kind that the cluster's discovery names, and knows these kinds. This page
is made of its table (\`npm run consumers\`); a test keeps both in step.

| needs | what becomes of the service account |
| --- | --- |
| token | blocked (PS505): a token cannot be exchanged by Pod Identity |
| annotation | migrates, and its annotation and its old trust stay (PS511); an add-on's is blocked (PS516) |
| pods | migrates (PS512): pods that are started later get Pod Identity as any other |
| nothing | migrates (PS512) |

A custom resource of any other kind that names the service account is listed by PS513, and the annotation and the old trust stay for it;
one that names the web-identity provider as well blocks it (PS510). Kinds that may not be listed are named by PS518.
KEDA's ScaledObject and ScaledJob need the annotation of the pods that they scale where their TriggerAuthentication says
\`identityOwner: workload\`, or has the provider \`aws-eks\`.

In *where*, \`[]\` goes through a list, \`*\` through any field, \`**\` is every other field that names a service account, and \`{name}\` the name of
the object.

| component | kind | where | needs | source |
| --- | --- | --- | --- | --- |
`;

/** Rows of one component that differ in their kind alone stand together. */
function lines(): string[] {
  const groups = Map.groupBy(CONSUMER_KINDS, ({ component, group, at, needs, where, source }) =>
    JSON.stringify([component, group, at, needs, where, source]),
  );
  return [...groups.values()].map((rows) => {
    const [{ component, group, at, needs, where, source }] = rows as [(typeof rows)[number]];
    const kinds = rows.map(({ kind }) => `\`${kind}\``).join(', ');
    const condition = where === undefined ? '' : `, where \`${where[0]}\` is \`${where[1]}\``;
    return `| ${component} | ${kinds} (\`${group}\`) | \`${at}\`${condition} | ${needs} | ${source} |`;
  });
}

describe('the table of consumers', () => {
  it('is docs/consumers.md', async () => {
    await expect(`${INTRODUCTION}${lines().join('\n')}\n`).toMatchFileSnapshot(page);
  });

  it('knows fifteen components and more, each row with its source', () => {
    expect(new Set(CONSUMER_KINDS.map(({ component }) => component)).size).toBeGreaterThanOrEqual(15);
    expect(CONSUMER_KINDS.filter(({ source }) => !/^https:\/\/|^[\w.-]+\/[\w.-]+, /.test(source))).toEqual([]);
  });

  it('has one row for each field of a kind', () => {
    const keys = CONSUMER_KINDS.map(({ group, kind, at }) => `${group}/${kind} ${at}`);
    expect(keys).toEqual([...new Set(keys)]);
  });
});
