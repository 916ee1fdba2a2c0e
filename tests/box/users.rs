//! Who may sign in, changed beside the running box.

use reqwest::{Client, StatusCode};

use crate::operator::PASSWORD;
use crate::program::Box;

const THREADS: &str = "/api/v1/threads";

async fn house() -> (Box, Client) {
    let mut house = Box::new().without_model();
    house.add_user("dana", "manager");
    house.add_user("sam", "oncall");
    house.up().await;
    (house, Client::new())
}

#[tokio::test]
async fn a_disabled_persons_sessions_end_at_once_and_nobody_elses() {
    let (house, http) = house().await;
    let dana = house.sign_in(&http, &house.url, "dana", PASSWORD).await.expect("signed in");
    let sam = house.sign_in(&http, &house.url, "sam", PASSWORD).await.expect("signed in");
    assert_eq!(house.status(&sam, THREADS).await, StatusCode::OK);
    let (code, said) = house.clubos(&["user", "disable", "sam"], "");
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(house.status(&sam, THREADS).await, StatusCode::UNAUTHORIZED);
    assert_eq!(house.status(&dana, THREADS).await, StatusCode::OK);
    let wrong = house.sign_in(&http, &house.url, "sam", PASSWORD).await;
    assert_eq!(wrong, Err(StatusCode::UNAUTHORIZED), "nor can they sign in again");
    house.clubos(&["user", "enable", "sam"], "");
    assert_eq!(house.status(&sam, THREADS).await, StatusCode::UNAUTHORIZED, "what has ended stays ended");
    assert!(house.sign_in(&http, &house.url, "sam", PASSWORD).await.is_ok());
}

#[tokio::test]
async fn a_new_password_ends_what_was_signed_in_with_the_old_one() {
    let (house, http) = house().await;
    let sam = house.sign_in(&http, &house.url, "sam", PASSWORD).await.expect("signed in");
    let (code, said) = house.clubos(&["user", "password", "sam"], "short\n");
    assert_eq!(code, Some(1), "{said}");
    assert_eq!(house.status(&sam, THREADS).await, StatusCode::OK, "nothing was changed");
    let (code, said) = house.clubos(&["user", "password", "sam"], "another long password\n");
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(house.status(&sam, THREADS).await, StatusCode::UNAUTHORIZED);
    assert!(house.sign_in(&http, &house.url, "sam", PASSWORD).await.is_err());
    assert!(house.sign_in(&http, &house.url, "sam", "another long password").await.is_ok());
    let list = house.clubos(&["user", "list"], "").1;
    assert!(
        list.lines().any(|line| line.starts_with("sam")
            && line.contains("oncall")
            && line.ends_with("signed in (1)")),
        "{list}"
    );
}

#[tokio::test]
async fn who_is_removed_is_gone_and_what_they_did_stays_written_down() {
    let (house, http) = house().await;
    let dana = house.sign_in(&http, &house.url, "dana", PASSWORD).await.expect("signed in");
    let (code, said) = house.clubos(&["user", "remove", "dana"], "");
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("Nobody can sign in as a manager now"), "{said}");
    assert_eq!(house.status(&dana, THREADS).await, StatusCode::UNAUTHORIZED);
    let list = house.clubos(&["user", "list"], "").1;
    assert!(!list.contains("dana"), "{list}");
    let log = "SELECT detail FROM change_log WHERE what = 'user'";
    assert_eq!(house.look(log).as_deref(), Some("dana: removed"));
    assert!(house.look("SELECT who FROM change_log WHERE what = 'sign-in' AND who = 'dana'").is_some());
    let (code, said) = house.clubos(&["user", "disable", "dana"], "");
    assert_eq!(code, Some(1));
    assert!(said.contains("user list"), "{said}");
}
