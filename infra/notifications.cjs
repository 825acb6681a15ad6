/**
 * Who is told what, out of the parameter notificationTopicArn: a topic of one's own, or an encrypted one that is made here.
 * One's own has to let events.amazonaws.com publish, with its key if it is encrypted.
 */
module.exports = async ({ resolveVariable }) => {
  const [given, stage] = await Promise.all([resolveVariable('param:notificationTopicArn'), resolveVariable('sls:stage')]);
  const made = given === '' ? topic(stage) : {};
  const arn = given === '' ? { Ref: 'NotificationTopic' } : given;
  return {
    Resources: { ...made, ...Object.fromEntries(NOTICES.map(({ id, ...notice }) => [id, rule(notice, arn)])) },
    Outputs: { NotificationTopicArn: { Description: 'The SNS topic for runs that end and units that are blocked', Value: arn } },
  };
};

/** Each notice: which events, and what is said. Ends of scans and of plans tell nobody; what they found does. */
const NOTICES = [
  {
    id: 'RunEndedRule',
    description: 'Publishes every run that has ended',
    detailType: 'Run State Changed',
    detail: { status: ['migrated', 'held', 'rolled-back', 'needs-operator'] },
    paths: [
      'runId',
      'clusterName',
      'region',
      'status',
      'reason',
      'unitCounts.migrated',
      'unitCounts.held',
      'unitCounts.rolledBack',
      'unitCounts.needsOperator',
      'pageText',
    ],
    text: 'podshift run <runId> on <clusterName> (<region>) has ended: <status>. <migrated> migrated, <held> blocked or not started, <rolledBack> rolled back, <needsOperator> need an operator. <reason> <pageText>',
  },
  {
    id: 'ApprovalAskedRule',
    description: 'Publishes every run that waits for approval',
    detailType: 'Run State Changed',
    detail: { status: ['running'], approval: ['waiting'] },
    paths: ['runId', 'clusterName', 'region', 'digest', 'plan.text'],
    text: 'podshift run <runId> on <clusterName> (<region>) waits for the approval of its plan <digest>. <text>',
  },
  {
    id: 'UnitHeldRule',
    description: 'Publishes every unit that is not started, or needs an operator, after the run began',
    detailType: 'Unit State Changed',
    detail: { status: ['held', 'needs-operator'], previousStatus: ['running', 'rolling-back', 'migrated'] },
    paths: ['runId', 'clusterName', 'region', 'unitId', 'status', 'reason'],
    text: 'podshift run <runId> on <clusterName> (<region>): <unitId> is <status>. <reason>',
  },
  {
    id: 'ClusterDriftedRule',
    description: 'Publishes every scan that found something changed',
    detailType: 'Cluster Drifted',
    detail: { total: [{ numeric: ['>', 0] }] },
    paths: ['runId', 'clusterName', 'region', 'since', 'total', 'findings[0].code', 'findings[0].message'],
    text: 'podshift scan <runId> of <clusterName> (<region>): changes since <since>: <total>. The first: <code> <message>',
  },
];

function rule({ description, detailType, detail, paths, text }, arn) {
  return {
    Type: 'AWS::Events::Rule',
    Properties: {
      Description: description,
      EventBusName: { Ref: 'EventBus' },
      EventPattern: { source: ['podshift'], 'detail-type': [detailType], detail },
      Targets: [
        {
          Id: 'notification-topic',
          Arn: arn,
          InputTransformer: {
            InputPathsMap: Object.fromEntries(paths.map((path) => [path.split('.').at(-1), `$.detail.${path}`])),
            InputTemplate: JSON.stringify(text),
          },
          RetryPolicy: { MaximumRetryAttempts: 185, MaximumEventAgeInSeconds: 86400 },
          DeadLetterConfig: { Arn: { 'Fn::GetAtt': ['DeadLetters', 'Arn'] } },
        },
      ],
    },
  };
}

/** EventBridge and CloudWatch cannot use the key that SNS has by default, so the topic has one of its own. */
function topic(stage) {
  const services = ['events.amazonaws.com', 'cloudwatch.amazonaws.com'];
  const ofAccount = { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } };
  const root = { 'Fn::Sub': 'arn:$' + '{AWS::Partition}:iam::$' + '{AWS::AccountId}:root' };
  const policy = (...statements) => ({ Version: '2012-10-17', Statement: statements });
  return {
    NotificationKey: {
      Type: 'AWS::KMS::Key',
      DeletionPolicy: 'Delete',
      UpdateReplacePolicy: 'Delete',
      Properties: {
        Description: 'Encrypts the notifications of podshift',
        EnableKeyRotation: true,
        KeyPolicy: policy(
          { Effect: 'Allow', Principal: { AWS: root }, Action: 'kms:*', Resource: '*' },
          {
            Effect: 'Allow',
            Principal: { Service: services },
            Action: ['kms:GenerateDataKey*', 'kms:Decrypt'],
            Resource: '*',
            Condition: ofAccount,
          },
        ),
      },
    },
    NotificationTopic: {
      Type: 'AWS::SNS::Topic',
      Properties: { TopicName: `podshift-${stage}`, KmsMasterKeyId: { Ref: 'NotificationKey' } },
    },
    NotificationTopicPolicy: {
      Type: 'AWS::SNS::TopicPolicy',
      Properties: {
        Topics: [{ Ref: 'NotificationTopic' }],
        PolicyDocument: policy({
          Effect: 'Allow',
          Principal: { Service: services },
          Action: 'sns:Publish',
          Resource: { Ref: 'NotificationTopic' },
          Condition: ofAccount,
        }),
      },
    },
  };
}
