//! The login of a person who has a password.

use std::io::{self, IsTerminal as _, Write as _};
use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout;
use vendor_auth::{OneTimeGrant, Secret, TokenGuard};

use super::terminal::Terminal;
use crate::config::login::{NameKind, PasswordLogin};
use crate::failure::Failure;
use crate::grant::Grant;
use crate::signals;

/// The number of `SIGINT`, which a prompt reports when Ctrl-C is pressed.
const INTERRUPT: u8 = 2;
/// How long a prompt that was interrupted may take to end.
const PROMPT_ENDS: Duration = Duration::from_millis(200);

pub(super) async fn log_in(
    grant: &Grant,
    login: PasswordLogin,
    from_stdin: bool,
) -> Result<TokenGuard, Failure> {
    let name = &grant.profile.name;
    let account = match &login.account {
        Some(account) => account.clone(),
        None => ask_account(&login, name, from_stdin)?,
    };
    let password = match from_stdin {
        true => first_line(name)?,
        false => ask_password(name, &account).await?,
    };
    if password.is_empty() {
        return Err(Failure::usage(format!("{name}: the password is empty")));
    }
    let first = login.redeem(&account, password);
    signals::interruptible(&grant.tokens, grant.redeem(first)).await
}

impl PasswordLogin {
    fn redeem(&self, account: &str, password: Secret) -> OneTimeGrant {
        let is_email = account.contains('@');
        match self.name_kind {
            Some(NameKind::Email) => self.endpoint.email_password(account, password),
            None if is_email => self.endpoint.email_password(account, password),
            _ => self
                .endpoint
                .phone_password(self.country_code.as_deref(), account, password),
        }
    }
}

/// Asks for what is not written in the profile. It is no secret, so it is echoed.
fn ask_account(login: &PasswordLogin, name: &str, from_stdin: bool) -> Result<String, Failure> {
    let missing = || {
        Failure::config(format!(
            "`profiles.{name}.account`: is missing, and there is no terminal to ask at; write \
             account = \"…\", an email address or a phone number"
        ))
    };
    if from_stdin || !io::stdin().is_terminal() {
        return Err(missing());
    }
    let what = match login.name_kind {
        Some(NameKind::Email) => "Email address",
        Some(NameKind::Phone) => "Phone number",
        None => "Email address or phone number",
    };
    drop(write!(io::stderr(), "{name}: {what}: "));
    let mut line = String::new();
    io::stdin().read_line(&mut line).map_err(|_| missing())?;
    match line.trim() {
        "" => Err(missing()),
        account => Ok(account.to_owned()),
    }
}

/// Asks at the terminal, whatever standard input is. Nothing is echoed.
async fn ask_password(name: &str, account: &str) -> Result<Secret, Failure> {
    let prompt = format!("{name}: password of {account}: ");
    let _terminal = Terminal::without_echo();
    let answer = async {
        let (sender, answer) = oneshot::channel();
        // A prompt that is under way ends with the process.
        thread::spawn(move || sender.send(rpassword::prompt_password(prompt)));
        answer.await
    };
    tokio::pin!(answer);
    tokio::select! {
        biased; // The signal is listened to before the prompt begins.
        signal = signals::ended() => {
            // A prompt that Ctrl-C ended restores what it found, which has no echo: before we do.
            drop(timeout(PROMPT_ENDS, answer).await);
            Err(Failure::interrupted(signal))
        }
        read = &mut answer => match read {
            Ok(Ok(password)) => Ok(Secret::from(password)),
            Ok(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {
                Err(Failure::interrupted(INTERRUPT))
            }
            Ok(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Err(Failure::usage(format!("{name}: no password was typed")))
            }
            _ => Err(Failure::usage(format!(
                "{name}: there is no terminal to ask for the password at; write --password-stdin"
            ))),
        },
    }
}

/// Reads the first line of standard input.
fn first_line(name: &str) -> Result<Secret, Failure> {
    let mut line = String::new();
    if let Err(error) = io::stdin().read_line(&mut line) {
        return Err(Failure::usage(format!("{name}: standard input: {error}")));
    }
    let text = line.strip_suffix('\n').unwrap_or(&line);
    let password = Secret::from(text.strip_suffix('\r').unwrap_or(text));
    // The copy is overwritten by the drop of a secret.
    drop(Secret::from(line));
    Ok(password)
}
