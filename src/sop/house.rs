//! The phrases that belong to no single SOP: the keys `house.md` must have.

/// A shared phrase and the placeholders it must hold to be of use.
#[derive(Debug, Clone, Copy)]
pub struct HouseKey {
    pub key: &'static str,
    pub must_name: &'static [&'static str],
}

const fn plain(key: &'static str) -> HouseKey {
    HouseKey { key, must_name: &[] }
}

const fn naming(key: &'static str, must_name: &'static [&'static str]) -> HouseKey {
    HouseKey { key, must_name }
}

/// Every key that must be there. One more is allowed only as a variant of these (`greeting.quiet`).
pub const HOUSE_KEYS: &[HouseKey] = &[
    plain("ask_bay"),
    naming("ask_bay_or_booked", &["booked_bay"]),
    naming("ask_which", &["option_a", "option_b"]),
    naming("ask_whether", &["option_a"]),
    naming("ask_two_bays", &["bay", "other_bay"]),
    plain("ask_at_door"),
    plain("ask_person"),
    plain("confirm_again"),
    plain("question_expired"),
    plain("confirm_declined"),
    plain("step_cancelled"),
    plain("still_working"),
    plain("refused_offline"),
    plain("refused_cooldown"),
    plain("refused_no_presence"),
    plain("refused_no_booking_door"),
    plain("refused_too_early"),
    plain("refused_too_late"),
    plain("refused_limit"),
    plain("refused_bookings_old"),
    plain("refused_contested"),
    plain("refused_staff_door"),
    plain("refused_bay_in_use"),
    plain("refused_busy"),
    plain("refused_expired"),
    plain("refused_safe_mode"),
    plain("refused_not_here"),
    plain("handover_unsure"),
    plain("handover_danger"),
    plain("handover_generic"),
    plain("handover_ack"),
    plain("out_of_scope"),
    plain("photo_only"),
    plain("empty"),
    plain("resolved"),
    plain("resolved_cancelled"),
    plain("incident_known"),
    plain("incident_over"),
    plain("greeting"),
    plain("late_answer"),
    plain("hypothetical"),
    plain("past"),
    plain("other_bay"),
    plain("next_offer"),
    plain("no_more_steps"),
    plain("emergency_followup"),
    plain("info"),
    plain("call_missed"),
    plain("lang_fr_handover"),
];

/// The required key with this name.
pub fn house_key(key: &str) -> Option<&'static HouseKey> {
    HOUSE_KEYS.iter().find(|k| k.key == key)
}
