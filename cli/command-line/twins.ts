import { type Command, Option } from 'commander';
import { wholeNumber } from '../whole-number.ts';

/** Summary and description of the command `twin`. */
export const TWIN = [
  "serve a snapshot's twin, for the AWS CLI, kubectl and eksctl",
  'Serves until it is stopped. Prints {"aws": URL, "kubeconfig": PATH}.',
] as const;

/** What `twin` takes. */
export function withTwin(command: Command): Command {
  return withSnapshot(command).option('--no-delays', 'let everything take effect at once: IAM, associations, add-ons, pods');
}

/** Summary and description of the command `serve`. */
export const SERVE = [
  "serve podshift's API over a snapshot's twin",
  'Serves on this machine until it is stopped. Prints {"url": URL, "cluster": NAME, "region": REGION}.',
] as const;

/** What `serve` takes. */
export function withServe(command: Command): Command {
  return withSnapshot(command)
    .addOption(new Option('--port <port>', 'where to listen on 127.0.0.1').default(0, 'a free port').argParser(wholeNumber(0, 65_535)))
    .addOption(new Option('--speed <factor>', 'how much faster than real time').default(1).argParser(wholeNumber(1, 1000)));
}

function withSnapshot(command: Command): Command {
  return command.argument('<snapshot>', 'folder of AWS CLI and kubectl output');
}
