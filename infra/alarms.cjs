/**
 * CloudWatch alarms, each with its page in docs/operations.md under the same name. They tell the topic that is told of ends
 * and holds, when they begin and when they are over.
 */
module.exports = async ({ resolveVariable }) => {
  const [given, stage, machines, oldestRunSeconds] = await Promise.all([
    resolveVariable('param:notificationTopicArn'),
    resolveVariable('sls:stage'),
    resolveVariable('self:stepFunctions.stateMachines'),
    resolveVariable('param:oldestRunAlarmSeconds'),
  ]);
  const topic = given === '' ? { Ref: 'NotificationTopic' } : given;
  const ids = Object.values(machines).map(({ id }) => id);
  const alarms = rows({ service: `podshift-${stage}`, ids, oldestRunSeconds: Number(oldestRunSeconds) });
  return { Resources: Object.fromEntries(alarms.map((row) => [`${pascalCase(row.name)}Alarm`, alarm(row, stage, topic)])) };
};

/** What is watched: the name, what it means, the metrics that are added up, and from when on it is an alarm. */
function rows({ service, ids, oldestRunSeconds }) {
  const others = ids.filter((id) => id !== 'MigrateCluster' && id !== 'RollbackRun');
  const executions = (machines, ...metrics) =>
    machines.flatMap((id) => metrics.map((name) => metric('AWS/States', name, 'Sum', [{ Name: 'StateMachineArn', Value: { Ref: id } }])));
  const own = (name, statistic) => [metric('podshift', name, statistic, [{ Name: 'service', Value: service }])];
  const deadLetters = [{ Name: 'QueueName', Value: { 'Fn::GetAtt': ['DeadLetters', 'QueueName'] } }];
  return [
    {
      name: 'run-failed',
      means: 'A run failed or was aborted; rollback-run rolls it back.',
      metrics: executions(['MigrateCluster'], 'ExecutionsFailed', 'ExecutionsAborted'),
    },
    {
      name: 'run-timed-out',
      means: 'A run took longer than its state machine may; rollback-run rolls it back.',
      metrics: executions(['MigrateCluster'], 'ExecutionsTimedOut'),
    },
    {
      name: 'rollback-failed',
      means: 'A rollback ended before its run was rolled back. Nothing starts it again: podshift rollback RUN --service URL --approve.',
      metrics: executions(['RollbackRun'], 'ExecutionsFailed', 'ExecutionsAborted', 'ExecutionsTimedOut'),
    },
    ...(others.length === 0
      ? []
      : [
          {
            name: 'execution-failed',
            means: 'An execution of another state machine failed.',
            metrics: executions(others, 'ExecutionsFailed', 'ExecutionsAborted', 'ExecutionsTimedOut'),
          },
        ]),
    {
      name: 'executions-throttled',
      means: 'For a quarter of an hour, Step Functions has throttled state machines.',
      metrics: executions(ids, 'ExecutionThrottled'),
      periods: 3,
    },
    {
      name: 'run-overdue',
      means: `A run has been under way for more than ${Math.round(oldestRunSeconds / 3600)} hours, or its age was not measured for a quarter of an hour.`,
      metrics: own('OldestRunningRunSeconds', 'Maximum'),
      threshold: oldestRunSeconds,
      periods: 3,
      // It is measured every five minutes, whether anything runs or not.
      missing: 'breaching',
    },
    {
      name: 'units-need-operator',
      means: 'Service accounts need an operator.',
      metrics: own('UnitsNeedingOperator', 'Sum'),
    },
    {
      name: 'events-not-published',
      means: 'Changes of runs and units cannot be published as events.',
      metrics: own('EventsNotPublished', 'Sum'),
    },
    {
      name: 'dead-letters',
      means: 'Something could not be delivered.',
      metrics: [metric('AWS/SQS', 'ApproximateNumberOfMessagesVisible', 'Maximum', deadLetters)],
    },
  ];
}

function metric(namespace, name, statistic, dimensions) {
  return { Metric: { Namespace: namespace, MetricName: name, Dimensions: dimensions }, Stat: statistic, Period: 300 };
}

function alarm({ name, means, metrics, threshold = 1, periods = 1, missing = 'notBreaching' }, stage, topic) {
  const [only] = metrics;
  const watched =
    metrics.length === 1
      ? { ...only.Metric, Statistic: only.Stat, Period: only.Period }
      : {
          Metrics: [
            { Id: 'total', Expression: 'SUM(METRICS())', Label: name },
            ...metrics.map((stat, index) => ({ Id: `m${index}`, MetricStat: stat, ReturnData: false })),
          ],
        };
  return {
    Type: 'AWS::CloudWatch::Alarm',
    Properties: {
      AlarmName: `podshift-${stage}-${name}`,
      AlarmDescription: `${means} What to do: docs/operations.md#${name}`,
      ...watched,
      ComparisonOperator: 'GreaterThanOrEqualToThreshold',
      Threshold: threshold,
      EvaluationPeriods: periods,
      // Executions, letters and units that are not there send no data.
      TreatMissingData: missing,
      AlarmActions: [topic],
      OKActions: [topic],
    },
  };
}

function pascalCase(name) {
  return name.replace(/(?:^|-)(\w)/g, (_match, letter) => letter.toUpperCase());
}
