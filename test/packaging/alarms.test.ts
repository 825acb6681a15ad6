import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
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

describe('docs/operations.md', () => {
  it('says how much of the account’s concurrency is reserved', async () => {
    const { template } = await packaged();
    const reserved = Object.values(template.Resources).map(({ Properties }) => Number(Properties?.ReservedConcurrentExecutions ?? 0));
    const sum = reserved.reduce((total, number) => total + number, 0);
    expect(page).toContain(`${sum} of the account's concurrency is reserved`);
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
