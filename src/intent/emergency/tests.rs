//! The two tables that matter: what must ring, and what must not.

use super::{Scan, scan};

const RINGS: &[(&str, &[&str])] = &[
    (
        "emergency.medical",
        &[
            "my friend just collapsed",
            "Where is the AED?",
            "hes not breathing",
            "he is unconscious on the floor",
            "need an ambulance",
            "call 911",
            "someone got hit in the head with a club",
            "I think my dad is having a heart attack",
            "theres blood everywhere",
            "she fainted in bay 3",
            "chest pains, hard to breathe",
            "my buddy is having a seizure",
            "he's choking",
            "i broke my wrist",
            "my husband fell and hit his head",
            "guy beside us passed out",
            "allergic reaction need epipen",
            "i want to kill myself",
            "i dont want to live anymore",
            "my friend is talking about suicide",
            "someones hurt badly",
            "bleeding wont stop",
            "the club hit him in the face and hes bleeding",
            "my wife cant breathe",
            "he cut his hand badly its bleeding",
            "Someone is hurt in box 2",
            "medical emergency",
            "il ne respire plus",
            "appelez une ambulance svp",
            "mon ami est inconscient",
            "theres a guy lying on the floor not moving",
            "he's having a stroke i think",
            "i think i dislocated my shoulder",
            "golf ball hit my son in the eye",
            "overdose in the washroom",
            "pls send an ambulence",
            "my chest hurts and my left arm is numb",
            "not sure if hes ok he just collapsed",
            "my buddy isn't responding, he fell and is unconcious",
            "no one is answering, my friend is bleeding a lot",
            "he's threatening to kill himself",
        ],
    ),
    (
        "emergency.fire",
        &[
            "theres a fire",
            "the projector is on fire",
            "smoke coming out of the projector",
            "FIRE!! in the lobby there is a fire",
            "I smell burning plastic",
            "something is burning",
            "theres smoke in bay 2",
            "smells like gas in here",
            "fire alarm is going off",
            "the pc is smoking",
            "sparks coming from the outlet",
            "bay 3 filling with smoke",
            "i can smell smoke",
            "burning smell from the ceiling",
            "il y a le feu",
            "ça sent le brûlé",
            "odeur de gaz",
            "the tv caught fire",
            "smoke detector going off",
            "heater is smoking",
            "electrical fire in the back room",
            "flames coming from the heater",
            "not sure if its a fire but lots of smoke",
            "co alarm is going off",
        ],
    ),
    (
        "emergency.security",
        &[
            "someone is breaking in",
            "theres an intruder",
            "two guys are fighting",
            "a guy is threatening us",
            "he has a knife",
            "someone is trying to get in the back door",
            "i dont feel safe",
            "someone kicked the door in",
            "the alarm is going off",
            "drunk guy wont leave and is getting aggressive",
            "looks like someone broke in last night",
            "front door has been forced open",
            "call the police",
            "some guy is following me",
            "theres a man with a gun",
            "the door alarm is blaring",
            "we're being robbed",
            "someone smashed the window",
            "a stranger just walked in and is yelling at us",
            "quelqu'un essaie d'entrer par effraction",
            "il y a une bagarre",
            "somebody is stealing clubs",
        ],
    ),
    (
        "emergency.trapped",
        &[
            "we cant get out",
            "im locked in",
            "we're stuck inside the building",
            "the door won't open from the inside",
            "trapped in the washroom",
            "door wont let us out",
            "how do we get out?",
            "im stuck in the bathroom",
            "let me out",
            "cant leave the door is locked",
            "can't exit the building",
            "locked inside help",
            "I can't get out of the building",
            "my kid is locked in the bathroom",
            "je suis enfermé à l'intérieur",
            "on peut pas sortir",
            "we are locked in here",
            "exit door is jammed",
        ],
    ),
    (
        "emergency.flood",
        &[
            "water is pouring through the ceiling",
            "theres a flood",
            "pipe burst",
            "ceiling is leaking",
            "bathroom is flooding",
            "water everywhere",
            "toilet is overflowing",
            "water coming in from the roof",
            "water dripping from the ceiling onto the projector",
            "burst pipe in the washroom",
            "theres water leaking from the ceiling in bay 2",
            "il y a une inondation",
            "fuite d'eau au plafond",
            "the sprinkler went off",
            "sewage backing up",
        ],
    ),
];

const QUIET: &[&str] = &[
    "im on fire today",
    "Tom is on fire tonight lol",
    "my putter is on fire",
    "we were on fire last night",
    "killed that drive",
    "i killed it",
    "sim keeps freezing up",
    "no one is hurt",
    "nobody was injured",
    "is there a first aid kit",
    "is there a first aid kit anywhere?",
    "smoke break",
    "going out for a smoke",
    "is there a fire pit",
    "where is the fire extinguisher",
    "can i smoke a cigar outside",
    "smoked that drive",
    "whats the wifi password",
    "trackman is dead",
    "my battery is dying",
    "i'm dying to try the new course",
    "gave me a heart attack when the ball came back",
    "screen is not responding",
    "the sim is unresponsive",
    "screen blacked out",
    "projector passed out on us",
    "lost by one stroke",
    "i choked on the last putt",
    "choking on 18 again",
    "what do i do if theres a fire",
    "what if someone gets hurt",
    "in case of fire where do we go",
    "i heard there was a fire last week",
    "there was a flood last year right?",
    "fighting a slice all day",
    "attack the pin",
    "angle of attack is wrong",
    "what a steal",
    "got robbed on that lip out",
    "shotgun start",
    "break in my new clubs",
    "i want to break 80",
    "my phone alarm is going off",
    "flood lights are out",
    "flooded with messages",
    "my ball is in the water",
    "water hazard on 7",
    "fridge is leaking a bit",
    "i spilled water on the mat",
    "cant get out of the bunker",
    "stuck in the sand trap",
    "cant exit the game",
    "how do i get out of this menu",
    "stuck on the loading screen",
    "im locked out",
    "locked out of the building",
    "cant get in",
    "i am so locked in today",
    "all locked in for saturday at 7",
    "my keys are locked in the bay",
    "ball is stuck in the ceiling",
    "its freezing in here",
    "that shot was fire",
    "this place is fire",
    "amazon fire stick isnt working",
    "no smoking sign fell down",
    "smoke detector is chirping low battery",
    "the door wont open",
    "the lights are out",
    "hurt my handicap lol",
    "dead straight drive",
    "it's dead in here tonight",
    "hit it in the heel",
    "i hit it off the toe of the club",
    "can we cancel",
    "shot 82",
    "he shot a 72",
    "pulled my drive",
    "who do i call if someone gets hurt",
    "no fire just checking the alarm",
    "false alarm everyone is fine",
    "don't need an ambulance hes fine",
    "power is out",
    "the guys next door are loud",
    "i punched out from the trees",
    "my back is a bit sore",
    "is cpr training offered",
    "hitting bombs tonight",
    "the screen is burning my eyes lol",
    "smells like feet in here",
    "do you have a defibrillator",
    "on est en feu ce soir",
    "j'ai oublié mon gant",
    "cant leave a review",
    "how do i leave a tip",
    "watching the fight tonight",
    "left my jacket",
    "knocked out of the tournament",
    "the club head broke",
    "hit the screen with my club",
    "fire up bay 2",
    "hi",
    "",
    "🔥🔥🔥",
];

const QUIETLY_TOLD: &[(&str, &[&str])] = &[
    (
        "emergency.medical",
        &[
            "my wife is having a hard time catching her breath",
            "He doesn't look right, went all grey and sweaty",
            "my buddy just dropped, he's not answering us",
            "chest feels really tight, sitting down now",
            "he's out cold on the mat",
            "she's jerking and her eyes rolled back",
            "ate a nut bar, lips are swelling up",
            "something's stuck in his throat and he cant talk",
            "there's quite a bit of blood, he caught the club on his forehead",
            "got a zap off the plug, my hand's numb",
            "not breathing right, he's blue around the mouth",
            "my father's speech is slurred and his arm's limp",
            "she won't come round, fell off the stool",
            "il est tombé et ne se réveille pas",
            "ma femme a de la misère à respirer",
            "il a une douleur dans la poitrine",
            "il fait une réaction allergique, avez-vous un épipen",
            "her face is drooping on one side",
            "my kid swallowed a tee",
            "i took a bunch of pills",
            "can't stop the bleeding on his hand",
            "think he's having some kind of fit",
            "grandpa is down in bay 4",
            "can someone come quick, he's not okay",
            "is there an aed in the building? we need it",
            "whats the address here for the ambulance",
            "what's the exact address paramedics are asking",
            "i cant do this anymore, i just want it all to stop",
            "hey tell my family i love them",
            "lol no seriously he's out cold",
            "his arm is bent the wrong way",
        ],
    ),
    (
        "emergency.fire",
        &[
            "there's a funny burnt smell off the computer",
            "bit of smoke from behind the screen fyi",
            "plug in bay 2 is throwing sparks",
            "smells strongly of gas by the furnace room",
            "the outlet is hot and crackling",
            "ça sent le plastique brûlé",
            "y'a de la boucane qui sort de l'ordi",
            "there's an orange glow behind the screen",
            "someone threw a cigarette in the bin and its smouldering",
            "the vape exploded on the couch and its burning",
            "the ups is hissing and getting really hot",
            "something in the air is making us all dizzy and sick",
        ],
    ),
    (
        "emergency.flood",
        &[
            "water's coming down the wall onto the electrics",
            "it's pouring through the ceiling tiles",
            "ankle deep in the washroom",
            "l'eau coule du plafond",
        ],
    ),
    (
        "emergency.security",
        &[
            "door is hanging off, looks like a break in",
            "somebody spiked my drink",
            "two lads swinging at each other in the lobby",
            "some guy followed me from the parking lot and is at the door",
            "there's a man with a bat yelling at people",
            "someone is prying the back door",
            "un gars avec un couteau",
            "quelqu'un me suit",
        ],
    ),
    (
        "emergency.trapped",
        &[
            "power's out and the door won't let us leave",
            "the door won't open from in here and it's dark",
            "I'm shut in the washroom, handle came off",
            "we pushed the bar and nothing, can't get outside",
            "on est pris en dedans",
            "la porte veut pas nous laisser sortir",
        ],
    ),
];

const SOUNDS_LIKE_IT: &[&str] = &[
    "what happens in a medical emergency",
    "roof of my car leaked",
    "can i smoke in the bay",
    "bbq smoke from next door is nice",
    "fight to the death match play",
    "someone stole my tee time",
    "trapped behind a tree",
    "bunker trap wont let me out lol",
    "who do i call in an emergency",
    "the screen is making us dizzy",
    "my brother is down 4 strokes",
    "that's not okay with me",
    "am I locked in for a year if I sign up",
    "are we locked in for saturday",
    "that back nine gave me chest pains lol",
    "my uncle had a heart attack last year so he plays seated, is that ok",
    "our driver got a flat and is stuck, we'll be 20 late",
    "the gas station next door closed?",
    "that drive was fire",
    "hit it into the water on 12 then it crashed",
    "my swing is dying",
    "i'm dead 😂 best night",
    "screen keeps having a seizure",
    "how do I get out of stroke play",
    "stuck on the back tees, how do I change",
    "can't exit the range mode",
    "water bottle leaked in my bag, any paper towel?",
    "the tap in the washroom drips a little",
    "is there smoking allowed out back",
    "my buddy choked on the last hole haha",
    "fight night party, can we book all bays",
    "need to let my guests in, can you text them the link",
    "door is stuck open, can't get it to close",
    "I hurt my back at work so I need to cancel",
    "my kid is sick, need to cancel tonight",
    "alarm clock didnt go off, missed my booking, refund?",
    "nobody's hurt but the lamp fell over",
    "there was a fire truck blocking the lot so we were late",
    "we left the washroom light on, sorry",
    "do i need a doctor's note to freeze my membership",
    "how do you exit when the session ends, just push the door?",
    "mon fils est malade, je dois annuler",
    "pipe burst at home, gotta cancel",
    "house flooded so we can't come tonight, cancel please",
    "simulator is having a stroke, nothing responds",
    "found a pocket knife on the floor",
    "half of the kids can't make it",
    "bay 1 at 5, we can't come",
    "someone could've been hurt by that loose mat",
    "the door has opened and we're inside, thanks",
    "game frozen cant exit",
    "my screen is not responding",
    "my simulator is not responding in bay 2",
    "my login is not responding",
    "my booking is not ok",
    "hes not making sense of the menu",
    "my wife is down at the door with the kids",
    "cant do this anymore, the lag needs to stop",
    "no one would miss that music",
    "sorry everybody i love this place",
    "tell my wife i love the gift card",
    "his knee is pointing out at impact",
    "my dispatch needs the address for the delivery",
    "this simulator makes me dizzy",
    "projector is hissing, loud fan",
    "looks like a break in my shaft",
];

/// Sayings that tell what happened, not what it is called.
const SAID: &[&str] = &[
    "he folded out of nowhere by the couch",
    "we can't revive her",
    "my heart is going 180 and I feel odd",
    "her implant fired twice",
    "boiling water went over her legs",
    "he grabbed a live wire and got knocked over",
    "my steak went down the wrong pipe and I cant",
    "the gash on his chin wont clot",
    "I've got a rope here",
    "we have started chest compressions",
    "mon père a le bras engourdi",
    "il arrive pas à reprendre son souffle",
    "the heater wires are glowing orange",
    "the rug has caught",
    "breaker gave a bang",
    "le chargeur est en train de fondre",
    "he pulled out a box cutter",
    "that man put his hands on my wife",
    "they're smashing the vending machine apart",
    "un gars cogne dans la vitre",
    "my mum's in the washroom and the latch has snapped",
    "the exit button wont let us out",
    "le bouton de sortie fonctionne pas",
    "it's dripping onto the power bar",
    "the faucet came clean off and its soaking everything",
];

const SAID_CALMLY: &[&str] = &[
    "kids in bay 1 are yelling and running around",
    "the washroom is locked, what is the code",
    "smoke detector beeps every 30 seconds",
    "not responding to clicks",
    "my truck is stuck in the snow by your sign",
    "someone stole our session",
    "we finally broke into the 80s",
    "he chokes every time on 18",
    "I passed out the waivers already",
    "whos liable if somebody gets injured at a party",
    "my uncle had a heart attack in june, can he sit",
    "the power button is glowing red",
    "my glove caught on the mat",
    "the screen is not responding to touch",
];

#[test]
fn danger_in_everyday_sayings_rings() {
    let silent: Vec<_> = SAID.iter().filter(|t| !matches!(scan(t), Scan::Fires(_))).collect();
    assert!(silent.is_empty(), "{silent:#?}");
}

#[test]
fn sayings_that_mean_no_harm_stay_quiet() {
    let loud: Vec<_> = SAID_CALMLY.iter().filter(|t| matches!(scan(t), Scan::Fires(_))).collect();
    assert!(loud.is_empty(), "{loud:#?}");
}

/// Beside words that calm, or that something else is about: rings all the same.
const RINGS_ALL_THE_SAME: &[&str] = &[
    "a drunk guy refuses to leave, its our time",
    "some guy just walked in off the street and its our bay, he wont leave",
    "they are fighting over the bill in the lobby, punches thrown",
    "someone in our bay trying to break the screen, getting aggressive",
    "there's a bbq next door, my husband feels unwell, sort of grey and clammy",
    "they're vaping in bay 3 and now one of them is passed out",
    "last time you guys were great. my friend looks really unwell and has gone grey",
    "my dad is not responding",
];

#[test]
fn what_stands_beside_danger_does_not_hide_it() {
    let silent: Vec<_> = RINGS_ALL_THE_SAME.iter().filter(|t| !matches!(scan(t), Scan::Fires(_))).collect();
    assert!(silent.is_empty(), "{silent:#?}");
}

#[test]
fn danger_told_quietly_rings_too() {
    let rings = |t: &&&str| matches!(scan(t), Scan::Fires(_));
    for (intent, texts) in QUIETLY_TOLD {
        let silent: Vec<_> = texts.iter().filter(|t| !rings(t)).collect();
        assert!(silent.is_empty(), "{intent}: {silent:#?}");
    }
}

#[test]
fn what_only_sounds_like_danger_stays_quiet() {
    let loud: Vec<_> = SOUNDS_LIKE_IT.iter().filter(|t| matches!(scan(t), Scan::Fires(_))).collect();
    assert!(loud.is_empty(), "{loud:#?}");
}

#[test]
fn every_real_emergency_rings_in_its_family() {
    let mut wrong = Vec::new();
    for (intent, texts) in RINGS {
        for text in *texts {
            let scan = scan(text);
            if scan != Scan::Fires(intent) {
                wrong.push(format!("{intent}: {text:?} -> {scan:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn idiom_negation_past_and_game_talk_stay_quiet() {
    let loud: Vec<_> =
        QUIET.iter().map(|t| (t, scan(t))).filter(|(_, s)| matches!(s, Scan::Fires(_))).collect();
    assert!(loud.is_empty(), "{loud:#?}");
}

#[test]
fn a_guard_in_one_clause_does_not_silence_the_next() {
    assert_eq!(
        scan("Tom is on fire today lol. Wait, there's smoke coming from the PC"),
        Scan::Fires("emergency.fire")
    );
    assert_eq!(scan("no one is hurt but the ceiling is leaking"), Scan::Fires("emergency.flood"));
}

#[test]
fn words_of_danger_meant_otherwise_are_marked_for_the_model() {
    assert_eq!(scan("he is on fire today"), Scan::Guarded);
    assert_eq!(scan("what do I do if there is a fire"), Scan::Guarded);
    assert_eq!(scan("what time do you open"), Scan::Silent);
}

#[test]
fn capitals_curly_quotes_and_invisible_characters_do_not_hide_it() {
    assert_eq!(scan("HE\u{2019}S NOT\u{200b} BREATHING!!!!"), Scan::Fires("emergency.medical"));
}
