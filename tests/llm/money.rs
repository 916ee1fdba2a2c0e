//! No cent more than the caps allow, however the program ends.

use clubos::llm::NoNomination;
use clubos::site::LlmCompany;
use clubos::store::Store;
use clubos::store::llm;

use crate::fake::{KEY, Play, USED};
use crate::support::{ALL, StoreLedger, asked, asked_with, fallback, question, settings};

/// What an answer of the simulated providers costs, in millionths of a cent.
const ONE: i64 = USED.0 * 100 + USED.1 * 400;

#[tokio::test]
async fn what_an_answer_costs_is_counted_from_its_tokens_and_the_configured_prices() {
    for company in ALL {
        let asked = asked("cost", company).await;
        asked.fallback.ask(&question("stuck")).await.unwrap();
        assert_eq!((asked.spent().day, asked.spent().month), (ONE, ONE), "{company:?}");
        let row = &asked.sent()[0];
        assert!(row.reserved >= ONE, "the reserve bounds the cost: {} < {ONE}", row.reserved);
        assert_eq!((row.cost, row.outcome.as_deref()), (Some(ONE), Some("nominated")));
    }
}

#[tokio::test]
async fn at_the_cap_nothing_leaves_until_the_next_day_and_month() {
    let dear = |s: &mut clubos::site::CloudModel| {
        (s.input_cents, s.output_cents) = (1_000, 1_000); // about 2.5 cents are reserved, 0.32 are spent
        (s.cents_a_day, s.cents_a_month) = (3, 4);
    };
    let asked = asked_with("cap", ALL[0], dear).await;
    let mut i = 0;
    let mut until_it_ends = async || {
        loop {
            i += 1;
            match asked.fallback.ask(&question(&"stuck ".repeat(i))).await {
                Ok(_) => {}
                Err(why) => return why,
            }
        }
    };
    let day = 24 * 3600;
    assert_eq!(until_it_ends().await, NoNomination::OverCap);
    let first = asked.fake.requests();
    assert!(first >= 1 && asked.spent().day <= 3_000_000, "{first} {:?}", asked.spent());
    asked.clock.advance_to(asked.clock.now() + std::time::Duration::from_secs(day));
    assert_eq!(asked.spent().day, 0);
    assert_eq!(until_it_ends().await, NoNomination::OverCap);
    assert!(asked.spent().month <= 4_000_000, "{:?}", asked.spent());
    asked.clock.advance_to(asked.clock.now() + std::time::Duration::from_secs(7 * day));
    let before = asked.fake.requests();
    assert_eq!(asked.spent().month, 0, "December");
    assert_eq!(until_it_ends().await, NoNomination::OverCap);
    assert!(asked.fake.requests() > before);
}

#[tokio::test]
async fn many_questions_at_once_share_one_cap() {
    let asked = asked_with("at-once", ALL[0], |s| {
        (s.input_cents, s.output_cents, s.cents_a_day) = (1_000, 1_000, 6);
    })
    .await;
    asked.fake.plays(std::iter::repeat_n(Play::Stalls, 12));
    let texts: Vec<String> = (1..=12).map(|n| "stuck ".repeat(n)).collect();
    let questions: Vec<_> = texts.iter().map(|text| question(text)).collect();
    let all = futures_util::future::join_all(questions.iter().map(|q| asked.fallback.ask(q))).await;
    let over = all.iter().filter(|said| **said == Err(NoNomination::OverCap)).count();
    assert!(over >= 9, "{all:?}");
    assert!(asked.spent().day <= 6_000_000, "{:?}", asked.spent());
    assert_eq!(asked.fake.requests() + over, 12);
}

#[tokio::test]
async fn a_kill_in_mid_call_has_spent_what_was_reserved() {
    let company = LlmCompany::OpenAi;
    let dear = |s: &mut clubos::site::CloudModel| {
        (s.input_cents, s.output_cents) = (1_000, 1_000);
        (s.cents_a_day, s.cents_a_month) = (3, 3); // room for one reserve, not for two
    };
    let asked = asked_with("kill", company, dear).await;
    asked.fake.plays([Play::Stalls]);
    let killed = {
        let fallback = asked.fallback.clone();
        tokio::spawn(async move { fallback.ask(&question("stuck")).await })
    };
    asked.fake.taken(1).await;
    killed.abort();
    assert!(killed.await.unwrap_err().is_cancelled());
    let reserved = asked.sent()[0].reserved;
    assert!(reserved > 0 && asked.sent()[0].outcome.is_none());

    // The program starts again on the same data.
    let copy = crate::support::folder("kill-copy");
    asked
        .ledger
        .0
        .lock()
        .unwrap()
        .conn()
        .execute("VACUUM INTO ?1", [copy.join("clubos.db").to_str().unwrap()])
        .unwrap();
    let store = Store::open(&copy).unwrap();
    assert_eq!(llm::spent(store.conn(), &asked.fallback.day()).unwrap().day, reserved);
    let mut again = settings(company, asked.fake.url(company));
    dear(&mut again);
    let ledger = std::sync::Arc::new(StoreLedger(std::sync::Mutex::new(store)));
    let again = fallback(again, KEY, ledger, &asked.clock);
    assert_eq!(again.ask(&question("stuck")).await, Err(NoNomination::OverCap));
    assert_eq!(asked.fake.requests(), 1, "nothing more left the box");
}
