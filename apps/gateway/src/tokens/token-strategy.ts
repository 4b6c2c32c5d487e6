import { PassportStrategy } from '@nestjs/passport';
import passport from 'passport';
import { ExtractJwt, Strategy } from 'passport-jwt';

type Request = Parameters<typeof fromHeader>[0];
type Done = (error: unknown, user?: object | null) => void;

const fromHeader = ExtractJwt.fromAuthHeaderAsBearerToken();

/** What passport puts on a strategy for each request. */
interface Outcomes {
  success(user: object): void;
  error(error: unknown): void;
}

/**
 * passport-jwt with another verifier, since its own (jsonwebtoken) knows no EdDSA: `verify` has the keys and rules of every
 * issuer, and what it finds goes to `validate` of the derived class, as ever.
 */
class JoseStrategy extends Strategy {
  constructor(
    private readonly verify: (token: string) => Promise<object>,
    private readonly validated: (verified: object, done: Done) => void,
  ) {
    const key = () => {
      throw new Error('keys are the business of the verifier');
    };
    super({ jwtFromRequest: fromHeader, secretOrKeyProvider: key }, validated);
  }

  override authenticate(this: this & Outcomes, request: Request): void {
    this.verify(fromHeader(request) ?? '').then(
      (verified) =>
        this.validated(verified, (error, user) => (user ? this.success(user) : this.error(error))),
      (error: unknown) => this.error(error),
    );
  }
}

/**
 * Checks tokens through passport: `verify` says what a token says, `validate` who that is here. Each has a passport of its own:
 * two gateways in one process share nothing.
 */
export class TokenStrategy<Verified extends object, User extends object> extends PassportStrategy(
  JoseStrategy,
  'token',
) {
  declare private readonly passport: InstanceType<typeof passport.Passport>;
  declare private readonly whoIs: (verified: Verified) => Promise<User>;

  constructor(verify: (token: string) => Promise<Verified>, whoIs: (verified: Verified) => Promise<User>) {
    super(verify);
    Object.assign(this, { whoIs });
  }

  validate(verified: Verified): Promise<User> {
    return this.whoIs(verified);
  }

  /** Rejects with whatever `verify` or `validate` do. */
  check(token: string): Promise<User> {
    const request = { headers: { authorization: `Bearer ${token}` } } as Request;
    return new Promise((resolve, reject) => {
      const done = (error: unknown, user: unknown) => (error ? reject(error) : resolve(user as User));
      this.passport.authenticate('token', { session: false }, done)(request, {}, reject);
    });
  }

  /** Called while it is being made. */
  protected getPassportInstance(): InstanceType<typeof passport.Passport> {
    const own = new passport.Passport();
    Object.assign(this, { passport: own });
    return own;
  }
}
