/** A CloudWatch dashboard: the alarms, what runs, how units end, and what slows them down. */
module.exports = async ({ resolveVariable }) => {
  const [stage, machines, alarms] = await Promise.all([
    resolveVariable('sls:stage'),
    resolveVariable('self:stepFunctions.stateMachines'),
    resolveVariable('file(infra/alarms.cjs):Resources'),
  ]);
  const ids = Object.values(machines).map(({ id }) => id);
  const body = { widgets: rows(stage, ids, Object.keys(alarms)).flatMap(placed) };
  return {
    Resources: {
      Dashboard: {
        Type: 'AWS::CloudWatch::Dashboard',
        Properties: { DashboardName: `podshift-${stage}`, DashboardBody: { 'Fn::Sub': JSON.stringify(body) } },
      },
    },
    Outputs: { DashboardName: { Description: 'The CloudWatch dashboard', Value: { Ref: 'Dashboard' } } },
  };
};

const REGION = reference('AWS::Region');
/** A dashboard is 24 units wide. */
const WIDTH = 24;

function rows(stage, ids, alarms) {
  const service = `podshift-${stage}`;
  const executions = (name) => ids.map((id) => ['AWS/States', name, 'StateMachineArn', reference(id), { label: id, stat: 'Sum' }]);
  const own = (name, stat) => ['podshift', name, 'service', service, { stat }];
  const byDimension = (name, dimension, stat) => search(`{podshift,service,${dimension}} MetricName="${name}" service="${service}"`, stat);
  const functions = (name, stat) => search(`{AWS/Lambda,FunctionName} MetricName="${name}" FunctionName="${service}-"`, stat);
  const table = (name) => ['AWS/DynamoDB', name, 'TableName', reference('JournalTable'), { stat: 'Sum' }];
  return [
    [alarmStates(alarms)],
    [
      chart('Executions started', executions('ExecutionsStarted')),
      chart('Executions failed', [
        ...executions('ExecutionsFailed'),
        ...executions('ExecutionsTimedOut'),
        ...executions('ExecutionsAborted'),
      ]),
      chart('Executions throttled', executions('ExecutionThrottled')),
    ],
    [
      chart('Runs, by their end', byDimension('RunsEnded', 'status', 'Sum')),
      chart('Units, by their end', byDimension('UnitsEnded', 'status', 'Sum')),
      chart('Units that need an operator, failed proofs', [own('UnitsNeedingOperator', 'Sum'), own('CredentialProofsFailed', 'Sum')]),
    ],
    [
      chart('Runs under way', [own('RunningRuns', 'Maximum')]),
      chart('Age of the oldest run, in seconds', [own('OldestRunningRunSeconds', 'Maximum')]),
      chart('Seconds for one unit', [own('UnitSeconds', 'p50'), own('UnitSeconds', 'p95')]),
    ],
    [
      chart('Requests refused as too many, by API', byDimension('Throttles', 'api', 'Sum')),
      chart('Functions: errors', functions('Errors', 'Sum')),
      chart('Functions: invocations throttled', functions('Throttles', 'Sum')),
    ],
    [
      chart('Functions: milliseconds', functions('Duration', 'Maximum')),
      chart('Journal: capacity used', [table('ConsumedReadCapacityUnits'), table('ConsumedWriteCapacityUnits')]),
      chart('Not delivered', [
        ['AWS/SQS', 'ApproximateNumberOfMessagesVisible', 'QueueName', reference('DeadLetters.QueueName'), { stat: 'Maximum' }],
        own('EventsNotPublished', 'Sum'),
        own('DriftFindings', 'Sum'),
      ]),
    ],
  ];
}

function alarmStates(alarms) {
  const properties = { title: 'Alarms: docs/operations.md', alarms: alarms.map((id) => reference(`${id}.Arn`)) };
  return { type: 'alarm', height: 3, properties };
}

function chart(title, metrics) {
  return { type: 'metric', height: 6, properties: { title, metrics, region: REGION, period: 300, view: 'timeSeries' } };
}

function search(what, stat) {
  return [[{ expression: `SEARCH('${what}', '${stat}', 300)`, region: REGION }]];
}

/** The widgets of a row, side by side. */
function placed(widgets, row, all) {
  const y = all.slice(0, row).reduce((sum, [first]) => sum + first.height, 0);
  return widgets.map((widget, index) => ({ ...widget, x: (WIDTH / widgets.length) * index, y, width: WIDTH / widgets.length }));
}

/** What Fn::Sub puts in. */
function reference(name) {
  return `\${${name}}`;
}
