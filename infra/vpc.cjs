/** `provider.vpc` out of the parameters subnetIds and securityGroupIds, each a list with commas; without subnets, no VPC. */
module.exports = async ({ resolveVariable }) => {
  const [subnetIds, securityGroupIds] = await Promise.all(
    ['subnetIds', 'securityGroupIds'].map(async (name) => ids(await resolveVariable(`param:${name}`))),
  );
  if (subnetIds.length === 0 && securityGroupIds.length === 0) return null;
  if (subnetIds.length === 0 || securityGroupIds.length === 0) {
    throw new Error('a VPC needs both parameters, subnetIds and securityGroupIds');
  }
  return { subnetIds, securityGroupIds };
};

function ids(list) {
  return String(list)
    .split(',')
    .map((id) => id.trim())
    .filter((id) => id !== '');
}
