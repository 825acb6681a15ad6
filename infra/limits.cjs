/** What the deployer decides for all who use the stack, out of its parameters, as the functions read it of their environment. */
const MODES = ['optional', 'required', 'required-by-another'];

module.exports.approvalMode = async ({ resolveVariable }) => {
  const mode = String(await resolveVariable('param:approvalMode'));
  if (!MODES.includes(mode)) throw new Error(`approvalMode is one of ${MODES.join(', ')}, and not "${mode}"`);
  return mode;
};
