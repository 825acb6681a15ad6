/**
 * How many instances of a function Lambda keeps free, and runs at most, where the parameter reserveConcurrency is "true". Without it
 * the account's smallest quota is enough, and the functions share it with everybody else's.
 */
const reserved = async ({ resolveVariable }) => {
  const wanted = String(await resolveVariable('param:reserveConcurrency'));
  if (wanted !== 'true' && wanted !== 'false') throw new Error(`reserveConcurrency is "true" or "false", and not "${wanted}"`);
  if (wanted === 'false') return { trustWriters: null, trailReader: null };
  // LookupEvents answers twice a second in an account and region (AWS CloudTrail API Reference).
  return { trustWriters: 10, trailReader: 5 };
};

module.exports.trustWriters = async (context) => (await reserved(context)).trustWriters;
module.exports.trailReader = async (context) => (await reserved(context)).trailReader;
