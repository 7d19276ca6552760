"""The bugs planted in what every register is made of, and in the registers of persons."""

from tests.mutants.planting import Planted

_SHARED = "shared/src/shared/"
_ACTIONS = "tests/unit/shared/test_actions.py::"
_UNITS = "tests/unit/org_units/test_rules.py::"
_MEMBERS = "tests/unit/member/test_rules.py::"
_VOLUNTEERS = "tests/unit/volunteer/test_rules.py::"
_EXECUTE = "tests/integration/shared/test_execute"
_READING = "tests/integration/shared/test_reading.py::"
_RECORDS = "tests/unit/member/test_records.py::"
_MEMBER = "tests/integration/member/"
_VOLUNTEER = "tests/integration/volunteer/"

WRITING = (
    Planted(
        "correction-of-the-last-state-alone",
        "What was wrong from the start is put right in every state.",
        f"{_SHARED}register/actions.py",
        "        return replace(after, timeline=timeline.correct(states, changed, moment, runs=runs))",
        "        last = timeline.correct(states[-1:], changed, moment, runs=runs)\n"
        "        return replace(after, timeline=(*states[:-1], *last))",
        (
            f"{_ACTIONS}test_an_action_that_corrects_sets_right_every_state_of_the_record_and_no_other",
            f"{_MEMBERS}test_a_correction_of_a_member_reaches_every_state_and_no_voided_entry",
            f"{_VOLUNTEERS}test_a_correction_of_a_volunteer_reaches_every_state_and_no_earlier_truth",
        ),
    ),
    Planted(
        "answered-before-the-commit",
        "No request is answered as written before it is committed.",
        f"{_SHARED}register/groupcommit/transaction.py",
        "    try:\n        await transact_async(database, insert)\n",
        "    for waiting in group:\n        waiting.confirm()\n"
        "    try:\n        await transact_async(database, insert)\n",
        (
            "tests/integration/shared/test_groupcommit.py::test_a_duplicate_fails_alone_in_group_commit",
        ),
    ),
    Planted(
        "a-duplicate-aborts-its-neighbours",
        "A request that cannot be written fails alone.",
        f"{_SHARED}register/groupcommit/__init__.py",
        "            if group == [failure.cause]:\n"
        "                group[0].refuse(failure.problem)\n                return\n"
        "            await self._apart(group, failure)\n",
        "            for waiting in group:\n                waiting.refuse(failure.problem)\n",
        ("tests/unit/shared/test_groupcommit.py",),
    ),
    Planted(
        "event-outside-its-transaction",
        "An event is written with its change, or neither is.",
        f"{_SHARED}register/execute.py",
        "            await database[name].insert_one(document, session=session)",
        "            await database[name].insert_one(document)",
        (f"{_EXECUTE}.py::test_execute_writes_nothing_of_a_change_of_which_one_write_fails",),
    ),
    Planted(
        "another-version-overwritten",
        "A version is replaced only by one that was made of it.",
        f"{_SHARED}register/execute.py",
        'seen = {"_id": before.id, "version": before.version}',
        'seen = {"_id": before.id}',
        (f"{_EXECUTE}.py::test_execute_allows_one_of_several_at_once_to_make_the_next_version",),
    ),
    Planted(
        "voided-with-its-people",
        "What other services know is asked before a unit is voided.",
        "services/org-units/src/org_units/units/service.py",
        'if command.action.name == "void" and (people.members or people.volunteers):',
        "if people is None:",
        (
            "tests/integration/org_units/test_life.py::"
            "test_a_unit_is_voided_only_without_children_and_people",
        ),
    ),
    Planted(
        "approved-as-another-type",
        "A unit whose type or parent is corrected is approved again.",
        "services/org-units/src/org_units/units/rules.py",
        '    if unit.status != "APPROVED":\n        return unit\n    after = replace(',
        "    if unit.status:\n        return unit\n    after = replace(",
        (
            "tests/unit/org_units/test_replacing.py::"
            "test_the_approval_of_a_unit_of_another_place_is_withdrawn_from_its_own_day",
        ),
    ),
    Planted(
        "founding-against-no-children",
        "A founding day entered later is held against the units below.",
        "services/org-units/src/org_units/units/guards.py",
        "if code := await self.store.older_child(unit, session):",
        "if code := None:",
        (
            "tests/integration/org_units/test_days.py::"
            "test_the_founding_of_a_unit_entered_later_is_held_against_the_units_below",
        ),
    ),
    Planted(
        "credit-code-not-marked",
        "Of two units entered at once with one credit code one is kept.",
        "services/org-units/src/org_units/units/doubles.py",
        '            await self.store.reserve(f"uscc/{unit.host_uscc}", 1, session)\n',
        "            pass\n",
        (
            "tests/integration/org_units/test_doubles.py::"
            "test_of_units_entered_at_once_under_one_name_or_code_one_is_kept",
        ),
    ),
    Planted(
        "double-of-before-activated",
        "A unit entered twice before the rule is not activated.",
        "services/org-units/src/org_units/units/guards.py",
        "_compared(new, activates=activates)",
        "_compared(new, activates=False)",
        (
            "tests/integration/org_units/test_doubles.py::"
            "test_a_unit_entered_twice_before_the_rule_is_not_activated",
        ),
    ),
    Planted(
        "idempotency-record-not-written",
        "A request that is sent again has one effect and one answer.",
        f"{_SHARED}register/execute.py",
        "        first.insert(0, (trail.REQUESTS, command.key.record(outcome)))\n",
        "        del outcome\n",
        (
            f"{_EXECUTE}_repeats.py::test_execute_makes_one_entity_of_creations_at_once_with_one_key",
            f"{_MEMBER}test_requests.py::test_a_create_of_a_member_sent_twice_happens_once",
        ),
    ),
    Planted(
        "another-body-under-a-known-key",
        "A key that was used with another body is refused.",
        f"{_SHARED}register/trail.py",
        'if not hmac.compare_digest(found["digest"], digest):',
        'if not hmac.compare_digest(found["digest"], found["digest"]):',
        ("tests/unit/shared/test_idempotency.py",),
    ),
    Planted(
        "number-not-claimed",
        "One document number belongs to one entry, however many officers enter it at once.",
        "services/member/src/member/membership/service.py",
        "return Decision(application, claims=application.person.id_index, absent=alike)",
        "return Decision(application, absent=alike)",
        (f"{_MEMBER}test_requests.py::test_twenty_at_once_with_one_number_make_one_member",),
    ),
    Planted(
        "number-of-a-volunteer-not-claimed",
        "One document number belongs to one volunteer.",
        "services/volunteer/src/volunteer/enrolment/service.py",
        "return Decision(dated(entry, enrol, command.day), enrol.fact, numbers)",
        "return Decision(dated(entry, enrol, command.day), enrol.fact)",
        (f"{_VOLUNTEER}test_return.py::test_a_volunteer_removed_keeps_the_number_and_stays_out",),
    ),
    Planted(
        "number-of-another-person-returns",
        "A return by a whole registration has the entry's own document number.",
        f"{_SHARED}people/register.py",
        "        if not self.has_number(entity, person.identifier):\n",
        "        if not entity.person.id_index:\n",
        (
            f"{_MEMBER}test_life.py::test_a_voided_member_does_not_bar_the_true_owner_of_the_number",
            f"{_VOLUNTEER}test_return.py::test_a_volunteer_voided_comes_back_as_the_same_entry",
        ),
    ),
    Planted(
        "dated-after-today",
        "Nothing is a fact before it happens.",
        f"{_SHARED}register/actions.py",
        "    if day > today:\n"
        '        return [FieldError(field, "date.future", {"today": today.isoformat()})]\n',
        "",
        (
            f"{_ACTIONS}test_an_action_may_be_dated_from_its_earliest_day_to_today",
            f"{_UNITS}test_an_action_on_a_unit_is_dated_between_the_present_state_and_today",
            f"{_MEMBERS}test_no_action_on_a_member_is_dated_after_today",
            f"{_VOLUNTEERS}test_the_registration_of_a_volunteer_is_dated_within_the_application_and_today",
        ),
    ),
    Planted(
        "an-older-card-over-a-newer",
        "The unit directory takes a unit's card only over a lower version.",
        f"{_SHARED}register/cards.py",
        '{"$or": [{"$lt": [known, document["version"]]}, settled]}',
        '{"$or": [{"$ne": [known, document["version"]]}, settled]}',
        (
            "tests/integration/shared/test_directory.py::test_the_directory_takes_only_a_higher_version_of_a_card",
        ),
    ),
)

ACCESS = (
    Planted(
        "read-without-scope",
        "A person outside the reader's subtree does not exist for him.",
        f"{_SHARED}register/register.py",
        'await self.scope.authorise(caller, entity.unit, "viewer")',
        "await self.scope.paths.path(entity.unit)",
        (
            f"{_READING}test_reading_shows_nothing_outside_the_scope_and_logs_nothing",
            f"{_MEMBER}test_access.py::test_a_member_is_in_reach_of_officers_of_its_county_and_of_their_roles",
            f"{_VOLUNTEER}test_access.py::test_a_volunteer_outside_the_scope_is_hidden_from_an_officer",
        ),
    ),
    Planted(
        "return-without-proof",
        "Who may not read an entry learns nothing of it by a registration under another number.",
        f"{_SHARED}people/register.py",
        "await self._check_proven(command, entity, same=same)",
        "pass",
        (
            f"{_MEMBER}test_allowed.py::test_a_return_of_a_member_outside_the_scope_is_refused_like_one_of_nobody",
        ),
    ),
    Planted(
        "submitter-approves",
        "Whoever submitted a unit does not approve it.",
        "services/org-units/src/org_units/units/rules.py",
        "{self.submitted_by or self.edited_by}",
        "{self.edited_by}",
        (
            "tests/integration/org_units/test_requests.py::test_the_approval_of_a_unit_takes_another_person_at_county_or_above",
        ),
    ),
    Planted(
        "two-eyes",
        "Whoever entered or edited an entry does not approve it.",
        f"{_SHARED}register/actions.py",
        "    if action.four_eyes and subject in entity.authors:\n"
        '        raise Forbidden("four_eyes")\n',
        "",
        (
            f"{_ACTIONS}test_an_action_of_four_eyes_is_not_for_who_made_the_entity_what_it_is",
            f"{_UNITS}test_the_approval_of_a_unit_takes_four_eyes",
            f"{_MEMBERS}test_creator_and_last_editor_of_a_member_may_not_approve_or_file",
            f"{_VOLUNTEERS}test_the_registration_of_a_volunteer_takes_four_eyes",
        ),
    ),
    Planted(
        "two-eyes-void-what-was-counted",
        "Voiding a counted entity needs a grant at county or above and four eyes.",
        f"{_SHARED}register/actions.py",
        "replace(void, at_county_or_above=True, four_eyes=True)",
        "replace(void, at_county_or_above=True)",
        (
            f"{_ACTIONS}test_the_action_that_voids_what_was_ever_counted_takes_a_county_and_four_eyes",
            f"{_UNITS}test_to_void_a_unit_that_was_ever_active_takes_four_eyes",
            f"{_MEMBERS}test_to_void_a_member_who_was_ever_counted_takes_a_county_and_four_eyes",
            f"{_VOLUNTEERS}test_to_void_a_volunteer_who_was_ever_registered_takes_a_county_and_four_eyes",
        ),
    ),
    Planted(
        "applicant-decides",
        "Whoever applied for what is to be decided on does not decide on it.",
        f"{_SHARED}people/entity.py",
        "        return super().authors | applicant\n",
        "        return super().authors\n",
        (
            f"{_MEMBERS}test_creator_and_last_editor_of_a_member_may_not_approve_or_file",
            f"{_VOLUNTEERS}test_the_registration_of_a_volunteer_takes_four_eyes",
        ),
    ),
    Planted(
        "allowed-though-it-would-be-refused",
        "An answer names the actions that its reader may do, and no others.",
        f"{_SHARED}register/register.py",
        "            return row.role in held and not (row.four_eyes and is_author)",
        "            return row.role in held",
        (
            "tests/unit/shared/test_register.py::test_a_register_allows_exactly_what_it_would_then_authorise",
            f"{_MEMBER}test_allowed.py::test_each_reader_of_a_member_sees_what_this_reader_may_do",
            f"{_VOLUNTEER}test_allowed.py::test_each_reader_of_a_volunteer_sees_what_this_reader_may_do",
        ),
    ),
    Planted(
        "any-level-will-do",
        "Where a county's decision is needed, a grant below a county does not count.",
        f"{_SHARED}register/scope.py",
        "at = [name for name, level in named if level in COUNTY_OR_ABOVE]",
        "at = [name for name, level in named if level]",
        (
            "tests/unit/shared/test_register.py::"
            "test_a_register_authorises_who_holds_the_role_at_the_level_that_an_action_asks_for",
        ),
    ),
    Planted(
        "id-number-shown",
        "An ordinary answer shows the first and the last character of an id number.",
        f"{_SHARED}people/sealed.py",
        '"id_number": number and masking.mask_identifier(number),',
        '"id_number": number,',
        (f"{_RECORDS}test_nothing_of_a_stored_member_is_readable_at_rest_and_all_comes_back",),
    ),
    Planted(
        "ciphertext-tied-to-no-place",
        "What was sealed for one person is not opened for another.",
        f"{_SHARED}people/sealed.py",
        "        sealed = self.ring.encrypt(text, context(self.collection, name, self.entity))\n",
        "        sealed = self.ring.encrypt(text, context(self.collection, name, self.collection))\n",
        (f"{_RECORDS}test_nothing_of_a_stored_member_is_readable_at_rest_and_all_comes_back",),
    ),
    Planted(
        "read-not-logged",
        "Whoever reads a person leaves a row in the access log.",
        f"{_SHARED}register/reading.py",
        "        await trail.log_access(register.store.database, row)\n    return found\n",
        "    return found\n",
        (
            f"{_READING}test_reading_shows_an_entity_with_its_path_and_leaves_a_row",
            f"{_VOLUNTEER}test_access.py::test_volunteers_are_masked_and_sealed_and_each_read_is_logged",
        ),
    ),
)
