//! What comes back: a nomination of a candidate, or nothing at all.

use clubos::llm::{NoNomination, Nomination};
use clubos::site::BayId;

use crate::fake::Play;
use crate::support::{ALL, asked, question};

#[tokio::test]
async fn every_provider_nominates_a_candidate_and_no_request_is_complained_about() {
    for company in ALL {
        let asked = asked("normal", company).await;
        let said = asked.fallback.ask(&question("the thing in box 2 is stuck again")).await;
        let right = Nomination { intent: Some("sim.frozen".into()), bay: Some(BayId(2)), at_door: true };
        assert_eq!(said, Ok(right), "{company:?}");
        asked.fake.plays([Play::Says(r#"{"sop":"none","bay":"none","at_door":false}"#.into())]);
        assert_eq!(asked.fallback.ask(&question("zebra")).await, Ok(Nomination::default()), "{company:?}");
        assert_eq!(asked.fake.complaints(), Vec::<String>::new(), "{company:?}");
        assert_eq!(asked.fake.requests(), 2);
    }
}

#[tokio::test]
async fn what_is_not_in_the_schema_is_no_nomination_and_is_not_asked_again() {
    let answers = [
        r#"{"sop":"door.unlock-all","bay":"none","at_door":true}"#,
        r#"{"sop":"emergency.fire","bay":"none","at_door":false}"#,
        r#"{"sop":"sim.frozen","bay":"7","at_door":false}"#,
        r#"{"sop":"sim.frozen","bay":"none","at_door":false,"price":"$12"}"#,
        r#"{"sop":"sim.frozen","bay":"none","at_door":false,"reply":"Pay at https://pay.example"}"#,
        r#"{"sop":"sim.frozen","bay":"none","at_door":"false"}"#,
        r#"{"sop":"sim.frozen","bay":"none","at_d"#,
        "Sure! It is sim.frozen, and a session costs $12 at https://pay.example",
    ];
    for company in ALL {
        let asked = asked("schema", company).await;
        for (i, answer) in answers.into_iter().enumerate() {
            asked.fake.plays([Play::Says(answer.into())]);
            let said = asked.fallback.ask(&question(&format!("it is stuck{}", "!".repeat(i)))).await;
            assert!(matches!(said, Err(NoNomination::Unusable(_))), "{company:?} {answer}: {said:?}");
        }
        assert_eq!(asked.fake.requests(), answers.len(), "an answer that was billed is not asked for again");
        assert!(
            asked
                .sent()
                .iter()
                .all(|sent| sent.outcome.as_deref() == Some("unusable") && sent.cost.is_some())
        );
        assert!(!asked.fallback.is_resting(), "it answers, after all");
    }
}

#[tokio::test]
async fn a_refusal_and_a_cut_off_answer_are_no_nomination() {
    for company in ALL {
        let asked = asked("refusal", company).await;
        asked.fake.plays([Play::Refuses, Play::CutOff]);
        assert_eq!(
            asked.fallback.ask(&question("it is stuck")).await,
            Err(NoNomination::Refused),
            "{company:?}"
        );
        let cut = asked.fallback.ask(&question("it is stuck")).await;
        assert!(matches!(cut, Err(NoNomination::Unusable(_))), "{company:?}: {cut:?}");
        assert_eq!(asked.fake.requests(), 2);
        assert!(!asked.fallback.is_resting());
    }
}

#[tokio::test]
async fn without_candidates_nothing_leaves_the_box() {
    let asked = asked("nothing", ALL[0]).await;
    let mut question = question("it is stuck");
    question.candidates.clear();
    assert_eq!(asked.fallback.ask(&question).await, Err(NoNomination::NoCandidates));
    assert_eq!((asked.fake.requests(), asked.sent().len()), (0, 0));
}

#[tokio::test]
async fn a_good_answer_is_used_again_for_the_same_words_whatever_the_bay() {
    let asked = asked("again", ALL[0]).await;
    assert_eq!(asked.fallback.ask(&question("box 2 stuck")).await.unwrap().bay, Some(BayId(2)));
    assert_eq!(asked.fallback.ask(&question("box 3 stuck")).await.unwrap().bay, Some(BayId(3)));
    assert_eq!(asked.fake.requests(), 1, "the second was known");
    let mut other = question("box 3 stuck");
    other.candidates.remove(0);
    assert_eq!(asked.fallback.ask(&other).await.unwrap().intent.as_deref(), Some("sim.black-screen"));
    assert_eq!(asked.fake.requests(), 2, "other candidates are another question");
    asked.clock.advance_to(asked.clock.now() + std::time::Duration::from_secs(31 * 24 * 3600));
    asked.fallback.ask(&question("box 4 stuck")).await.unwrap();
    assert_eq!(asked.fake.requests(), 3, "after a month it is asked afresh");
}
