import { describe, expect, it } from 'vitest';
import { createDocuments, isOwnGroup } from '../../../src/capture/hashing/documents.ts';
import { withHashedNames } from '../../../src/capture/hashing/hashing.ts';
import { createTexts, prefixesIn } from '../../../src/capture/hashing/texts.ts';
import { isKeptWord } from '../../../src/capture/hashing/well-known.ts';
import { createWords } from '../../../src/capture/hashing/words.ts';
import { tokensBy } from '../../../src/capture/redaction/replacement.ts';
import { WANTED_GROUPS } from '../../../src/inventory/cluster-objects.ts';
import { CONSUMER_KINDS } from '../../../src/inventory/consumers/kinds.ts';
import { CHARTS } from '../../../src/inventory/owners/chart-values.ts';
import { MANAGED_BY, NOBODY, OWNER_MARKS } from '../../../src/inventory/owners/marks.ts';
import { ROLLERS } from '../../../src/inventory/owners/rollers.ts';
import { KNOWN_SOFTWARE } from '../../../src/model/known-software/table.ts';

const key = new Uint8Array(32).fill(1);
const hiding = (prefixes: readonly string[] = [], by = key) => createTexts(createWords(by, isKeptWord, new Set(prefixes))).hide;
const hide = hiding();
const documents = createDocuments({ hide }, tokensBy(key));

describe('a hidden text', () => {
  it.each([
    ['an account in an ARN', 'arn:aws:iam::444455556666:role/shop-orders', /^arn:aws:iam::\d{12}:role\/[a-z]{4}-[a-z]{6}$/],
    ['a subject of a trust policy', 'system:serviceaccount:shop:orders', /^system:serviceaccount:[a-z]{4}:[a-z]{6}$/],
    ['a cluster', 'arn:aws:eks:eu-central-1:444455556666:cluster/shop', /^arn:aws:eks:eu-central-1:\d{12}:cluster\/[a-z]{4}$/],
    [
      'an issuer',
      'https://oidc.eks.eu-central-1.amazonaws.com/id/5B1C7D3E9F2A4068B7D1C3E5F7092A4B',
      /^https:\/\/oidc\.eks\.eu-central-1\.amazonaws\.com\/id\/[0-9A-Z]{32}$/,
    ],
    ['an address', 'alice@example.org', /^[a-z]{5}@[a-z]{7}\.org$/],
    ['a host of a node', 'ip-10-1-2-3.eu-central-1.compute.internal', /^ip-10-\d+-\d+-\d+\.eu-central-1\.[a-z]{7}\.internal$/],
    ['a UUID', '5f1c7d3e-9f2a-4068-b7d1-c3e5f7092a4b', /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/],
    ['an IPv6 address', '2001:db8:7:8::9', /^20[0-9a-f]{2}:[0-9a-f]{3}:[0-9a-f]:[0-9a-f]::[0-9a-f]$/],
    ['a variable', 'ORDERS_TABLE', /^[A-Z]{6}_[A-Z]{5}$/],
  ])('has the form of %s, and none of its names', (_name, text, form) => {
    const hidden = hide(text);
    expect(hidden).toMatch(form);

    const own = text.match(/444455556666|shop|orders|5B1C7D3E9F2A4068B7D1C3E5F7092A4B|alice|10-1-2-3|5f1c7d3e|2001:db8|ORDERS/gi) ?? [];
    expect(own.length).toBeGreaterThan(0);
    for (const name of own) expect(hidden).not.toContain(name);
  });

  it.each([
    'kube-system',
    'kube-system/aws-node',
    'arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy',
    'system:masters',
    'sts.amazonaws.com',
    'pods.eks.amazonaws.com',
    'aws:RequestTag/kubernetes-service-account',
    'eks.amazonaws.com/role-arn',
    'iam.amazonaws.com/permitted',
    'AWS_WEB_IDENTITY_TOKEN_FILE',
    '/var/run/secrets/eks.amazonaws.com/serviceaccount/token',
    '169.254.170.23',
    'fd00:ec2::23',
    '0.0.0.0/0',
    '2026-03-01T12:00:00Z',
    '--base-role-arn=',
    'WebIdentityTokenCredentialsProvider',
  ])('keeps %s', (text) => {
    expect(hide(text)).toBe(text);
  });

  it('keeps equal words equal and others apart, and is another one by another key', () => {
    const words = Array.from(
      { length: 600 },
      (_, index) => `${String.fromCharCode(97 + (index % 26))}${String.fromCharCode(97 + index / 26)}`,
    );
    expect(new Set(words).size).toBe(600);
    expect(new Set(words.map(hide)).size).toBe(600);
    expect(hide('shop/orders')).toBe(`${hide('shop')}/${hide('orders')}`);
    expect(hiding([], new Uint8Array(32).fill(2))('storefront')).not.toBe(hide('storefront'));
  });

  it('keeps what a pattern matches, where it ends within a word', () => {
    const pattern = 'system:serviceaccount:sho*:orders';
    expect(prefixesIn(pattern)).toEqual(['sho']);
    const hidden = hiding(prefixesIn(pattern));
    const prefix = /serviceaccount:([a-z]{3})\*/.exec(hidden(pattern))?.[1] ?? 'none';
    expect(prefix).not.toBe('sho');
    for (const name of ['shop', 'shoes', 'sho']) expect(hidden(name).startsWith(prefix)).toBe(true);
    expect(hidden('media').startsWith(prefix)).toBe(false);
  });

  it('keeps which addresses a block holds', () => {
    const [block, address, other] = ['10.7.0.0/16', '10.7.3.4', '10.8.3.4'].map(hide) as [string, string, string];
    const [start] = block.split('.0.0/16');
    expect(block).toMatch(/^10\.\d+\.0\.0\/16$/);
    expect(address.startsWith(`${start}.`)).toBe(true);
    expect(other.startsWith(`${start}.`)).toBe(false);
  });
});

describe('hidden names', () => {
  it.each([
    ['marks of owners', OWNER_MARKS.map(({ key: mark }) => mark.replace('*', 'x'))],
    ['managers', [...Object.keys(MANAGED_BY), ...NOBODY]],
    ['what rolls by itself', ROLLERS.map(({ label }) => label)],
  ])('leave %s, by which podshift judges', (_name, known) => {
    expect(known.length).toBeGreaterThan(0);
    expect(known.filter((name) => hide(name) !== name)).toEqual([]);
  });

  it('leave the groups of known kinds, and of no others', () => {
    const groups = [...new Set([...CONSUMER_KINDS.map(({ group }) => group), ...WANTED_GROUPS])];
    expect(groups.filter(isOwnGroup)).toEqual([]);
    expect(['example.com', 'orders.acme.org'].filter(isOwnGroup)).toEqual(['example.com', 'orders.acme.org']);
  });

  it('leave the charts that podshift knows the values of', () => {
    const charts = CHARTS.map(({ chart }) => ({ metadata: { labels: { 'helm.sh/chart': `${chart}-1.2.3` } } }));
    expect(documents.hide(charts)).toEqual(charts);
  });

  it('leave the images that podshift knows, without their registry', () => {
    const images = KNOWN_SOFTWARE.flatMap(({ images: patterns }) => patterns.map((one) => one.replace('**/', '').replaceAll('*', 'x')));
    const hidden = images.map((image) => documents.hide({ image: `registry.acme.com/mirror/${image}:1.2.3` }) as { image: string });
    expect(hidden.filter(({ image }, index) => !image.endsWith(`/${images[index]}:1.2.3`))).toEqual([]);
    expect(JSON.stringify(hidden)).not.toContain('acme');
  });

  it('leave none of a kind that nobody knows, nor the words of its author', () => {
    const files = withHashedNames(
      [
        {
          name: 'kubernetes/invoices.acme.com.json',
          content: {
            apiVersion: 'acme.com/v1',
            kind: 'Invoice',
            metadata: { name: 'may' },
            spec: { customerName: 'Contoso', serviceAccountName: 'billing' },
            status: { conditions: [{ type: 'Ready', message: 'Contoso has paid' }] },
          },
        },
        {
          name: 'capture.json',
          content: {
            kinds: [{ group: 'acme.com', version: 'v1', plural: 'invoices', kind: 'Invoice', namespaced: true, outcome: 'read' }],
          },
        },
      ],
      key,
    );
    expect(JSON.stringify(files)).not.toMatch(/acme|nvoice|customer|Contoso|billing|paid/);
    expect(files).toMatchObject([
      {
        name: expect.stringMatching(/^kubernetes\/[a-z]{8}\.[a-z]{4}\.com\.json$/),
        content: { spec: { serviceAccountName: expect.stringMatching(/^[a-z]{7}$/) } },
      },
      { name: 'capture.json', content: { kinds: [{ version: 'v1', namespaced: true, outcome: 'read' }] } },
    ]);
    const [{ name = '' } = {}, { content } = { content: {} }] = files;
    const [kind] = (content as { kinds: { group: string; plural: string }[] }).kinds;
    expect(name).toBe(`kubernetes/${kind?.plural}.${kind?.group}.json`);
  });
});
