import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { createMetrics } from '../../functions/runtime/metrics.ts';
import { METRIC_NAMESPACE, METRICS } from '../../src/model/metrics.ts';
import type { Template } from '../support/package-service.ts';
import { packaged } from '../support/packaged.ts';

interface Metric {
  readonly Namespace: string;
  readonly MetricName: string;
  readonly Dimensions: readonly { readonly Name: string; readonly Value: unknown }[];
}
interface Alarm extends Partial<Metric> {
  readonly AlarmName: string;
  readonly AlarmDescription: string;
  readonly Metrics?: readonly { readonly MetricStat?: { readonly Metric: Metric } }[];
  readonly AlarmActions: readonly unknown[];
  readonly OKActions: readonly unknown[];
}

const page = await readFile(new URL('../../docs/operations.md', import.meta.url), 'utf8');
/** The alarms' sections, by their anchor. */
const sections = new Map(
  (page.split(/^## /m).find((section) => section.startsWith('Alarms\n')) ?? '')
    .split(/^### /m)
    .slice(1)
    .map((text) => [text.slice(0, text.indexOf('\n')), text] as const),
);

describe('the alarms', () => {
  let template: Template;
  let alarms: Alarm[];
  const metricsOf = ({ Metrics, ...own }: Alarm): Metric[] =>
    Metrics === undefined ? [own as Metric] : Metrics.flatMap(({ MetricStat }) => MetricStat?.Metric ?? []);
  const machines = () =>
    Object.entries(template.Resources).flatMap(([id, { Type }]) => (Type === 'AWS::StepFunctions::StateMachine' ? [id] : []));
  const watched = () => alarms.flatMap((alarm) => metricsOf(alarm).map((metric) => ({ alarm: nameOf(alarm), metric })));
  const nameOf = ({ AlarmName }: Alarm): string => AlarmName.replace('podshift-prod-', '');

  beforeAll(async () => {
    template = (await packaged()).template;
    alarms = Object.values(template.Resources)
      .filter(({ Type }) => Type === 'AWS::CloudWatch::Alarm')
      .map(({ Properties }) => Properties as unknown as Alarm);
  }, 600_000);

  it('have a page each in docs/operations.md, and each page its alarm', () => {
    expect([...sections.keys()].sort()).toEqual(alarms.map(nameOf).sort());
    for (const alarm of alarms) expect(alarm.AlarmDescription).toMatch(new RegExp(`docs/operations\\.md#${nameOf(alarm)}$`));
  });

  it('say on their page what they mean, what to look at, what to do, and when it is over', () => {
    for (const [name, text] of sections) {
      const parts = [...text.matchAll(/^\*\*([^*]+):\*\* /gm)].map(([, part]) => part);
      expect(parts, name).toEqual(['It means', 'Look at', 'Do', 'It is over when']);
    }
  });

  it('tell the topic when they begin and when they are over', () => {
    for (const { AlarmActions, OKActions } of alarms)
      expect([AlarmActions, OKActions]).toEqual([[{ Ref: 'NotificationTopic' }], [{ Ref: 'NotificationTopic' }]]);
  });

  it.each(['ExecutionsFailed', 'ExecutionsTimedOut', 'ExecutionsAborted', 'ExecutionThrottled'])(
    'watch %s of every state machine',
    (name) => {
      const ids = watched().flatMap(({ metric }) =>
        metric.MetricName === name ? metric.Dimensions.map(({ Value }) => (Value as { Ref: string }).Ref) : [],
      );
      expect(ids.sort()).toEqual(machines().sort());
    },
  );

  it('watch metrics that podshift has, with their dimensions', () => {
    const own = watched().filter(({ metric }) => metric.Namespace === METRIC_NAMESPACE);
    expect(own.map(({ metric }) => metric.MetricName)).toEqual(expect.arrayContaining(['OldestRunningRunSeconds', 'UnitsNeedingOperator']));
    for (const { metric } of own) {
      expect(METRICS).toHaveProperty(metric.MetricName);
      expect(metric.Dimensions).toEqual([{ Name: 'service', Value: 'podshift-prod' }]);
    }
  });

  it('watch the service that the packaged functions name in their metrics', async () => {
    const lines: string[] = [];
    const said = vi.spyOn(process.stdout, 'write').mockImplementation((line) => lines.push(String(line)) > 0);
    try {
      const functions = Object.values(template.Resources).filter(({ Type }) => Type === 'AWS::Lambda::Function');
      const named = functions.flatMap(({ Properties }) => {
        const { Variables } = Properties.Environment as { readonly Variables: Record<string, unknown> };
        const environment = Object.fromEntries(
          Object.entries(Variables).map(([name, value]) => [name, typeof value === 'string' ? value : `of-the-stack-${name}`]),
        );
        lines.length = 0;
        createMetrics(environment).add({ name: 'UnitsNeedingOperator', value: 1, dimensions: {} });
        return lines.map((line) => (JSON.parse(line) as { readonly service: string }).service);
      });
      expect(named).toHaveLength(functions.length);
      const own = watched().filter(({ metric }) => metric.Namespace === METRIC_NAMESPACE);
      expect(new Set(named)).toEqual(new Set(own.flatMap(({ metric }) => metric.Dimensions.map(({ Value }) => Value))));
    } finally {
      said.mockRestore();
    }
  });

  it('watch the dead letters', () => {
    expect(watched()).toContainEqual({
      alarm: 'dead-letters',
      metric: expect.objectContaining({
        MetricName: 'ApproximateNumberOfMessagesVisible',
        Dimensions: [{ Name: 'QueueName', Value: { 'Fn::GetAtt': ['DeadLetters', 'QueueName'] } }],
      }),
    });
  });

  it('are on the dashboard, with metrics that podshift has', () => {
    const dashboard = template.Resources.Dashboard?.Properties.DashboardBody as { readonly 'Fn::Sub': string } | undefined;
    const body = dashboard?.['Fn::Sub'] ?? '';
    const { widgets } = JSON.parse(body) as { widgets: { type: string; properties: { alarms?: string[] }; x: number; width: number }[] };
    const ids = Object.entries(template.Resources).flatMap(([id, { Type }]) =>
      Type === 'AWS::CloudWatch::Alarm' ? [`\${${id}.Arn}`] : [],
    );
    expect(widgets[0]?.properties.alarms?.sort()).toEqual(ids.sort());
    for (const { x, width } of widgets) expect(x + width).toBeLessThanOrEqual(24);
    for (const [, id] of body.matchAll(/\$\{(\w+)[.}]/g)) expect({ ...template.Resources, AWS: {} }, id).toHaveProperty(id ?? '');
    for (const [, name] of body.matchAll(/"podshift","(\w+)"/g)) expect(METRICS).toHaveProperty(name ?? '');
    const searched = [...body.matchAll(/\{podshift,service,(\w+)\} MetricName=\\+"(\w+)/g)];
    expect(searched.length).toBeGreaterThan(0);
    for (const [, dimension, name] of searched) expect(METRICS[name as keyof typeof METRICS]?.dimensions).toEqual([dimension]);
  });
});

/** The functions that write trust policies: serverless.yml gives them all the same. */
const TRUST_WRITERS = 4;
const reservedConcurrency = createRequire(import.meta.url)('../../infra/reserved-concurrency.cjs') as Record<
  'trustWriters' | 'trailReader',
  (context: { readonly resolveVariable: (name: string) => Promise<string> }) => Promise<number | null>
>;
const reservedWith = async (kind: 'trustWriters' | 'trailReader'): Promise<number> =>
  (await reservedConcurrency[kind]({ resolveVariable: () => Promise.resolve('true') })) ?? 0;

describe('docs/operations.md', () => {
  it('says how much of the account’s concurrency is reserved where that is asked for, and that none is otherwise', async () => {
    const { template } = await packaged();
    const reserved = Object.values(template.Resources).filter(({ Properties }) => Properties?.ReservedConcurrentExecutions !== undefined);
    expect(reserved).toEqual([]);
    const sum = TRUST_WRITERS * (await reservedWith('trustWriters')) + (await reservedWith('trailReader'));
    expect(page).toContain(`${sum} of the account's concurrency`);
    expect(page).toContain(`the account needs ${sum + 100} at least`);
  });

  it('links only to places that exist', async () => {
    const anchors = [...page.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
      title
        .toLowerCase()
        .replace(/[^\w -]/g, '')
        .replaceAll(' ', '-'),
    );
    for (const [, target] of page.matchAll(/\]\(#([\w-]+)\)/g)) expect(anchors).toContain(target);
    for (const [, file = ''] of page.matchAll(/\]\(([\w./]+\.\w+)(?:#[\w-]+)?\)/g))
      await expect(readFile(new URL(`../../docs/${file}`, import.meta.url), 'utf8'), file).resolves.not.toBe('');
  });
});
