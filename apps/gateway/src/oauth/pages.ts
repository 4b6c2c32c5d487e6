import { Html, html, page } from './html.ts';
import type { SaidScope } from './scope-words.ts';

interface Form {
  /** path of the login under way */
  readonly path: string;
  readonly csrf: string;
  readonly clientName: string;
}

/** The page that asks for name and password. */
export function loginPage({
  path,
  csrf,
  clientName,
  userName = '',
  complaint,
}: Form & { userName?: string | undefined; complaint?: string | undefined }): string {
  return page(
    'Sign in',
    html`<h1>Sign in</h1>
<p>to continue to <strong>${clientName}</strong></p>
${complaint === undefined ? '' : html`<p class="alarm" role="alert" id="complaint">${complaint}</p>`}
<form method="post" action="${path}/login">
<input type="hidden" name="csrf" value="${csrf}">
<label for="user_name">User name</label>
<input id="user_name" name="user_name" value="${userName}" autocomplete="username" autocapitalize="none"
  spellcheck="false" maxlength="200" required${userName === '' ? new Html(' autofocus') : ''}${describedBy(complaint)}>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" maxlength="1000"
  required${userName === '' ? '' : new Html(' autofocus')}${describedBy(complaint)}>
<button type="submit">Sign in</button>
</form>
${cancelForm(path, csrf)}`,
  );
}

/** The page that asks whether a client may act for the user. */
export function consentPage({
  path,
  csrf,
  clientName,
  userName,
  scopes,
  sentBackTo,
}: Form & { userName: string; scopes: readonly SaidScope[]; sentBackTo: string }): string {
  const mark = html` <span class="mark">powerful</span>`;
  return page(
    `Allow ${clientName}?`,
    html`<h1>Allow ${clientName} to act for you?</h1>
<p>You are signed in as <strong>${userName}</strong>. It will be able to:</p>
<ul>
${scopes.map(({ text, powerful }) => html`<li>${text}${powerful ? mark : ''}</li>\n`)}</ul>
<p class="small">Never more than you may do yourself. You will be sent back to <strong>${sentBackTo}</strong>.</p>
<form method="post" action="${path}/confirm">
<input type="hidden" name="csrf" value="${csrf}">
<button type="submit">Allow</button>
</form>
${cancelForm(path, csrf)}`,
  );
}

function describedBy(complaint: string | undefined): Html | string {
  return complaint === undefined ? '' : html` aria-invalid="true" aria-describedby="complaint"`;
}

function cancelForm(path: string, csrf: string): Html {
  return html`<form method="post" action="${path}/cancel">
<input type="hidden" name="csrf" value="${csrf}">
<button type="submit" class="quiet">Cancel</button>
</form>`;
}

const explanations: Readonly<Record<string, string>> = {
  invalid_client: 'The application that sent you here is not known.',
  invalid_redirect_uri:
    'The application that sent you here asked to send you on to an address that it has not registered.',
  invalid_request: 'The application that sent you here asked for something that does not work.',
  login_expired:
    'This sign-in took too long, or was begun in another browser. Go back to the application, and try again.',
  too_many_attempts: 'Too many attempts. Wait a little, go back to the application, and try again.',
  server_error: 'Something went wrong on our side. Go back to the application, and try again.',
};

/** The page for what cannot be told to the client, since nobody knows where that is. */
export function errorPage(code: string, detail?: string, requestId?: string): string {
  const known = Object.hasOwn(explanations, code) ? explanations[code] : undefined;
  return page(
    'That did not work',
    html`<h1>That did not work</h1>
<p role="alert">${known ?? 'The request cannot be answered.'}</p>
<p class="small">For its makers: <code>${code}</code>${detail === undefined ? '' : `, ${detail}`}${
      requestId === undefined ? '' : html` (request <code>${requestId}</code>)`
    }</p>`,
  );
}

/** `form`: the library's own form, of the id op.logoutForm, which has the token that it asks for. */
export function signOutPage(form: string): string {
  return page(
    'Sign out',
    html`<h1>Sign out?</h1>
<p>This ends your session in this browser. Applications that may stay connected stay so; all others have to ask you again.</p>
${new Html(form)}
<button type="submit" form="op.logoutForm" name="logout" value="yes">Sign out</button>`,
  );
}

export function signedOutPage(): string {
  return page(
    'Signed out',
    html`<h1>You are signed out</h1>
<p>You can close this page.</p>`,
  );
}
