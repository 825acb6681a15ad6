/** Serverless plugin: `osls remove` says what stays, and what can be done with it. */
class WhatStays {
  constructor(serverless, _options, { log }) {
    this.hooks = {
      'after:remove:remove': () => {
        const { stage, region } = serverless.service.provider;
        for (const line of whatStays(stage, region)) log.notice(line);
      },
    };
  }
}

/** What a removed stack leaves behind, line by line. */
function whatStays(stage, region) {
  const table = `podshift-journal-${stage}`;
  return [
    '',
    `What stays: the journal, the DynamoDB table ${table} in ${region}, unless its stack was deployed with journalDeletionPolicy=Delete.`,
    'Runs are rolled back from it. A later deployment of this stage takes it up, by the ARN of its stream:',
    `  aws dynamodb describe-table --region ${region} --table-name ${table} --query Table.LatestStreamArn --output text`,
    `  osls deploy --stage ${stage} --region ${region} --param="journalStreamArn=ARN"`,
    'Without that parameter it cannot be deployed while the table is there. Where no run has to be rolled back any more:',
    `  aws dynamodb delete-table --region ${region} --table-name ${table}`,
    `The pages of runs, in the S3 bucket whose name begins with podshift-${stage}-pagesbucket-, also stay. Each goes by itself; an empty bucket`,
    'can be deleted: aws s3api delete-bucket --bucket NAME',
    'Also in place: access entries and ClusterRoles in clusters, and the roles of member accounts (docs/operations.md#take-podshift-away).',
  ];
}

module.exports = WhatStays;
