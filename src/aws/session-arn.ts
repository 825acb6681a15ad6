/** ARN of a role's session (IAM user guide, "IAM identifiers"); null for what is no ARN of a role. */
export function sessionArn(roleArn: string, session: string): string | null {
  const [, partition, account, name] = /^arn:([^:]+):iam::(\d{12}):role\/(?:.*\/)?([^/]+)$/.exec(roleArn) ?? [];
  return name === undefined ? null : `arn:${partition}:sts::${account}:assumed-role/${name}/${session}`;
}
