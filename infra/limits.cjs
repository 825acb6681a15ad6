/** What the deployer decides for all who use the stack, out of its parameters, as the functions read it of their environment. */
const MODES = ['optional', 'required', 'required-by-another'];

/** The environment of a function holds 4 KB in all (Lambda quotas); the rest of it takes less than one. */
const MOST_CHARACTERS = 3000;

module.exports.approvalMode = async ({ resolveVariable }) => {
  const mode = String(await resolveVariable('param:approvalMode'));
  if (!MODES.includes(mode)) throw new Error(`approvalMode is one of ${MODES.join(', ')}, and not "${mode}"`);
  return mode;
};

/** JSON of what callers may ask for (src/model/deployment.ts). */
module.exports.limits = async ({ resolveVariable }) => {
  const text = async (name) => String(await resolveVariable(`param:${name}`));
  const list = async (name) =>
    (await text(name))
      .split(',')
      .map((one) => one.trim())
      .filter((one) => one !== '');
  const some = async (name) => {
    const found = await list(name);
    if (found.length === 0) throw new Error(`${name} names nothing, so that nobody could run anything; "*" is everything`);
    return found;
  };
  const whole = async (name) => {
    const given = await text(name);
    if (!/^[1-9]\d{0,8}$/.test(given)) throw new Error(`${name} is a whole number from 1 on, and not "${given}"`);
    return Number(given);
  };
  const limits = JSON.stringify({
    probeImages: await some('allowedProbeImages'),
    retireImages: await list('allowedRetireImages'),
    accounts: await some('allowedAccounts'),
    clusters: await some('allowedClusters'),
    namespaces: await some('allowedNamespaces'),
    roles: await some('allowedRoles'),
    memberRole: await text('memberRoleName'),
    longestRunSeconds: await whole('longestRunSeconds'),
    greatestWave: await whole('greatestWave'),
  });
  if (limits.length > MOST_CHARACTERS)
    throw new Error(
      `the allowed… parameters have ${limits.length} characters together, and a function's environment has room for ${MOST_CHARACTERS}: use patterns`,
    );
  return limits;
};
