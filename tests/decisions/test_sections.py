"""Which tests show what of DMN 1.5; `docs/dmn.md` tells what is executed."""

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
SECTIONS = {
    "6.3.6 import": [
        "decisions/test_models.py::test_inputs_go_to_each_import_when_they_are_grouped",
        "decisions/test_models.py::test_imported_elements_have_no_prefix_when_the_import_has_no_name",
        "decisions/test_graph.py::test_models_are_refused_when_they_import_one_another",
    ],
    "6.3.7 decision": [
        "decisions/test_graph.py::test_a_decision_uses_what_it_requires",
        "decisions/test_models.py::test_a_decision_is_null_when_it_has_no_logic",
    ],
    "6.3.9 business knowledge model": [
        "decisions/test_graph.py::test_a_function_may_be_recursive",
        "decisions/test_models.py::test_knowledge_in_another_language_is_null_when_called",
    ],
    "6.3.10 decision service": [
        "decisions/test_graph.py::test_a_service_takes_values_for_its_input_decisions_when_called",
        "decisions/test_models.py::test_a_service_is_a_function_of_its_inputs_when_feel_calls_it",
        "decisions/test_batch.py::test_a_service_is_called_when_it_is_named_by_name_or_id",
    ],
    "6.3.11 input data": [
        "decisions/test_graph.py::test_an_input_is_null_when_it_is_not_of_its_type"
    ],
    "7.3.2 item definition": [
        "decisions/test_models.py::test_a_value_is_fitted_to_its_type",
        "decisions/test_models.py::test_a_function_is_fitted_by_its_signature",
        "decisions/test_graph.py::test_instance_of_ignores_allowed_values",
    ],
    "7.3.4 literal expression": ["decisions/test_problems.py::test_a_cell_is_named_with_its_line"],
    "8.2.8 hit policy": [
        "decisions/test_tables.py::test_several_hits_come_to_what_the_policy_says",
        "decisions/test_tables.py::test_the_result_is_null_and_names_the_rules",
        "decisions/test_tables.py::test_priority_goes_from_left_to_right",
        "decisions/test_review.py::test_a_table_is_refused_when_two_rules_of_unique_hits",
    ],
    "8.2.9 aggregation": ["decisions/test_tables.py::test_numbers_are_aggregated_when_collected"],
    "8.2.10 completeness": ["decisions/test_review.py::test_a_gap_is_told_with_an_example"],
    "8.2.11 default output": ["decisions/test_tables.py::test_the_default_is_the_result"],
    "8.3.1 allowed input values": [
        "decisions/test_tables.py::test_the_result_is_null_when_an_input_is_not_among"
    ],
    "10.2.2.2 boxed list and relation": [
        "decisions/test_boxed.py::test_a_list_and_a_relation_hold"
    ],
    "10.2.2.4 boxed context": ["decisions/test_boxed.py::test_a_context_is_its_result"],
    "10.2.2.5 boxed function": ["decisions/test_boxed.py::test_a_function_definition_is_a_closure"],
    "10.2.2.6 boxed invocation": [
        "decisions/test_boxed.py::test_an_invocation_binds_arguments_by_name"
    ],
    "10.2.2.7 boxed decision table": [
        "decisions/test_boxed.py::test_a_table_sees_the_entries_before_it"
    ],
    "10.2.2.8 boxed conditional": ["decisions/test_boxed.py::test_a_conditional_takes_a_branch"],
    "10.2.2.9 boxed filter": ["decisions/test_boxed.py::test_a_filter_keeps_items"],
    "10.2.2.10 boxed iterator": [
        "decisions/test_boxed.py::test_an_iteration_goes_through_its_items"
    ],
    "10.3.1.2 grammar": ["feel/test_syntax.py::test_operators_bind_as_the_grammar_says"],
    "10.3.1.3 literals": ["feel/test_syntax.py::test_strings_keep_their_characters"],
    "10.3.1.4 names": ["feel/test_syntax.py::test_names_are_the_longest_known"],
    "10.3.1.6 comments": ["feel/test_syntax.py::test_comments_count_as_space"],
    "10.3.2.3.1 numbers": ["feel/test_numbers.py::test_a_number_is_exact_to_34_digits"],
    "10.3.2.3.4 times and dates": [
        "feel/test_temporal.py::test_temporal_values_follow_the_calendar"
    ],
    "10.3.2.3.7 durations": ["feel/test_numbers.py::test_durations_can_be_summed"],
    "10.3.2.4 ternary logic": ["feel/test_logic.py::test_logic_is_three_valued"],
    "10.3.2.5 lists and filters": ["feel/test_lists.py::test_a_filter_keeps_items_or_picks_one"],
    "10.3.2.6 contexts": ["feel/test_contexts.py::test_functions_see_where_they_were_written"],
    "10.3.2.7 ranges": ["feel/test_ranges.py::test_membership_follows_the_ends"],
    "10.3.2.9 types and conversions": [
        "feel/test_types.py::test_a_value_is_of_a_type_when_it_conforms",
        "feel/test_types.py::test_a_date_becomes_midnight_in_utc",
    ],
    "10.3.2.10 decision tables": ["decisions/test_tables.py::test_a_cell_holds_any_unary_test"],
    "10.3.2.12 functions": ["feel/test_contexts.py::test_functions_see_where_they_were_written"],
    "10.3.2.13 equality and order": [
        "feel/test_logic.py::test_equality_compares_values",
        "feel/test_logic.py::test_order_exists_when_both_are_of_one_ordered_type",
    ],
    "10.3.2.14 iteration": [
        "feel/test_lists.py::test_an_iteration_goes_through_items",
        "feel/test_lists.py::test_partial_results_do_not_change",
        "feel/test_logic.py::test_quantifiers_join_their_conditions",
    ],
    "10.3.2.15 unary tests": [
        "feel/test_unary_tests.py::test_a_value_passes_when_one_test_holds",
        "feel/test_unary_tests.py::test_in_asks_the_same",
    ],
    "10.3.2.16 properties": ["feel/test_temporal.py::test_parts_are_read"],
    "10.3.4 functions": [
        "feel/test_standard.py::test_a_function_answers_alike_when_called_by_position_and_by_name",
        "feel/test_standard.py::test_a_function_takes_any_number_of_arguments",
        "feel/test_standard.py::test_a_function_is_null_when_called_with_what_it_does_not_take",
        "feel/test_standard.py::test_a_function_is_there_when_the_standard_lists_it",
    ],
    "10.3.4.3 strings and patterns": [
        "feel/test_text.py::test_a_pattern_matches_in_xpaths_dialect",
        "feel/test_text.py::test_a_back_reference_matches_when_the_group_comes_again",
        "feel/test_patterns.py::test_characters_match_in_either_case_but_properties_do_not",
    ],
    "10.3.4.9 ranges": ["feel/test_ranges.py::test_a_relation_holds_when_the_standard_says_so"],
    "10.4 execution of a requirements graph": [
        "decisions/test_graph.py::test_a_decision_is_computed_once_when_several_need_it",
        "decisions/test_graph.py::test_an_input_is_visible_only_where_required",
    ],
}


@pytest.mark.parametrize("section", SECTIONS)
def test_the_tests_of_a_section_are_there_when_it_is_listed(section):
    for reference in SECTIONS[section]:
        file, _, name = reference.partition("::")
        assert re.search(rf"^def {name}", (TESTS / file).read_text(), re.MULTILINE), reference


def test_a_file_of_tests_shows_a_section_when_it_is_about_the_language():
    named = {reference.partition("::")[0] for each in SECTIONS.values() for reference in each}
    files = {f"{each.parent.name}/{each.name}" for each in TESTS.glob("decisions/test_*.py")}

    assert files - named == {"decisions/test_sections.py"}
