import type { HttpResponse } from '@smithy/core/protocols';
import { StandardRetryStrategy } from '@smithy/core/retry';
import type {
  AwsCredentialIdentity,
  AwsCredentialIdentityProvider,
  BuildHandler,
  BuildHandlerArguments,
  HandlerExecutionContext,
  HttpHandlerOptions,
  HttpRequest,
  InitializeHandler,
  InitializeHandlerArguments,
  MetadataBearer,
  Pluggable,
  RequestHandler,
} from '@smithy/types';
import { currentRun, runAgent } from '../audit/run-session.ts';
import type { CallCounts, ClusterTarget } from '../model/run.ts';
import type { ServerTime } from '../model/server-clock.ts';
import { isThrottle } from './errors.ts';
import { notedRequest } from './noted-requests.ts';
import { type Pacer, pacingKey, sendPaced } from './pacing.ts';
import { type Contacts, placeListener } from './places.ts';
import { serverTimeListener } from './server-time.ts';
import { TIMEOUTS } from './timeouts.ts';

/** How the gateways reach AWS. */
export interface AwsSettings {
  readonly target: ClusterTarget;
  /** One endpoint for every service, such as the twin's; AWS's own where it is absent. */
  readonly endpoint?: string;
  /** Whose credentials; the SDK's default chain where absent. `target.assumeRoleArn` is assumed with them. */
  readonly credentials?: AwsCredentialIdentity | AwsCredentialIdentityProvider;
  /** `none`: the SDK's retries follow at once, for a rehearsal, where time is virtual. */
  readonly retryDelays: 'standard' | 'none';
  /** Called for every request that is sent, retries included. */
  readonly onRequest: (service: keyof CallCounts) => void;
  /** Told of the time that the services' answers carry; nobody is where absent. */
  readonly serverTime?: ServerTime;
  /** Paces requests; none are paced where absent. */
  readonly pacer?: Pacer;
  /** Told of each try to reach a host; nobody is where absent. */
  readonly contacts?: Contacts | undefined;
  /** Requests of one send() at most, the first included; {@link MAX_ATTEMPTS} where absent. */
  readonly maxAttempts?: number | undefined;
  /** ARN of the principal that signs them; null where nobody knows. Asked for requests that change something alone; nobody is where absent. */
  readonly principal?: (() => Promise<string | null>) | undefined;
  /** What sends the clients' requests; the SDK's own over HTTPS, with time-outs, where absent. */
  readonly requestHandler?: SendsRequests;
  /** Told of each answer as the service gave it, ahead of what the gateways make of it; nobody is where absent. */
  readonly onAnswer?: ((answer: AwsAnswer) => void) | undefined;
}

/** One answer of AWS: of a list, one page. */
export interface AwsAnswer {
  readonly service: keyof CallCounts;
  /** Such as `DescribeCluster`. */
  readonly operation: string;
  /** What was asked, and what was answered, with the members of the service's model. */
  readonly input: object;
  readonly output: object;
}

/** A request handler of the SDK. */
export type SendsRequests = RequestHandler<HttpRequest, HttpResponse, HttpHandlerOptions>;

/** Requests of one send() at most, the first included. */
const MAX_ATTEMPTS = 5;

/** A back-off of nothing. */
const NO_DELAY = { setDelayBase: () => undefined, computeNextBackoffDelay: () => 0 };

/** The retry strategy of one client: the SDK's own, with its delays or without. */
export function retryStrategy(retryDelays: AwsSettings['retryDelays'], maxAttempts: number = MAX_ATTEMPTS): StandardRetryStrategy {
  return new StandardRetryStrategy(retryDelays === 'none' ? { maxAttempts, backoff: NO_DELAY } : { maxAttempts });
}

/** A plugin that paces and reports each request as it leaves, notes where it went, and listens to its answer's time: within the retry middleware, so that retries are seen too. `region` is the one that is asked; the cluster's where absent. */
// biome-ignore lint/suspicious/noExplicitAny: it neither reads nor changes what passes, whatever the client's types are
export function requestCounter(settings: AwsSettings, service: keyof CallCounts, region = settings.target.region): Pluggable<any, any> {
  const { onRequest, pacer, target } = settings;
  const key = pacingKey(service, { ...target, region });
  return {
    applyToStack: (stack) => {
      if (settings.serverTime !== undefined) serverTimeListener(settings.serverTime).applyToStack(stack);
      if (settings.onAnswer !== undefined) answerListener(settings.onAnswer, service).applyToStack(stack);
      placeListener(region, service, settings.contacts).applyToStack(stack);
      runListener().applyToStack(stack);
      stack.addRelativeTo(
        (next: InitializeHandler<object, MetadataBearer>, { commandName = '' }: HandlerExecutionContext) =>
          (request: InitializeHandlerArguments<object>) =>
            sendPaced(
              { pacer, service, key },
              () => {
                onRequest(service);
                return notedRequest({ service, operation: commandName.replace(/Command$/, ''), principal: settings.principal }, () =>
                  next(request),
                );
              },
              (outcome) => 'error' in outcome && isThrottle(outcome.error),
            ),
        { name: 'podshiftRequestCounter', relation: 'after', toMiddleware: 'retryMiddleware', override: true },
      );
    },
  };
}

/** A plugin that has the run in the User-Agent of each request: CloudTrail keeps it, also where no role is assumed whose session could. */
// biome-ignore lint/suspicious/noExplicitAny: it changes one header, whatever the client's types are
function runListener(): Pluggable<any, any> {
  return {
    applyToStack: (stack) => {
      stack.add(
        (next: BuildHandler<object, object>) => (request: BuildHandlerArguments<object>) => {
          const agent = runAgent(currentRun());
          const { headers } = request.request as { headers: Record<string, string> };
          for (const name of ['user-agent', 'x-amz-user-agent'])
            if (agent !== '' && headers[name] !== undefined) headers[name] += ` ${agent}`;
          return next(request);
        },
        // Behind the SDK's own, which writes the header, and ahead of the signature.
        { step: 'build', name: 'podshiftRunAgent', priority: 'low', override: true },
      );
    },
  };
}

/** A plugin that hands on what the client answers: once for each send(), whatever retries it took. */
function answerListener(onAnswer: (answer: AwsAnswer) => void, service: keyof CallCounts): Pluggable<object, MetadataBearer> {
  return {
    applyToStack: (stack) => {
      stack.add(
        (next, context) => async (request) => {
          const answer = await next(request);
          onAnswer({
            service,
            operation: (context.commandName ?? '').replace(/Command$/, ''),
            input: request.input,
            output: answer.output,
          });
          return answer;
        },
        { name: 'podshiftAnswerListener', step: 'initialize', override: true },
      );
    },
  };
}

/** The constructor's settings of any client. Each client made with them has a retry quota of its own. */
export function clientConfiguration(settings: AwsSettings, credentials: AwsCredentialIdentityProvider) {
  return {
    region: settings.target.region,
    credentials,
    retryStrategy: retryStrategy(settings.retryDelays, settings.maxAttempts),
    requestHandler: settings.requestHandler ?? TIMEOUTS,
    ...(settings.endpoint === undefined ? {} : { endpoint: settings.endpoint }),
  };
}
