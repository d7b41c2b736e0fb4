#!/bin/sh
# Keep an endpoint at its best: what a repository with speech data runs for each change.
#
#   pipeline.sh benchmark TEST.zip    new test data: test the present model on it
#   pipeline.sh train TRAINING.zip    new training data: train, and test against the
#                                     present model; prints the ID of a better model
#   pipeline.sh deploy MODEL          let the endpoint serve a model
#   pipeline.sh release TRAINING.zip  train, and deploy what is better
#
# A model that is not better ends it with exit code 7; `studio --help` has the others.
# The present model is the one that the endpoint serves, or the base model as long as
# there is no endpoint. Where the server says how sure a difference is, as this
# project's own does, only a significant one counts; elsewhere MARGIN decides.
#
# Settings, as variables:
#   STUDIO_ENDPOINT, STUDIO_KEY   the server; or `studio config`
#   PROJECT     name of the project; it is made when it is missing (default: Speech CI)
#   LOCALE      its language (default: en-US)
#   BASE        ID of a base model (default: the newest of the language)
#   MARGIN      how much better a model must be, such as 0.5% (default: 0)
#   REPORT      where the JUnit report goes (default: speech.xml)
#   STUDIO      the command (default: studio)
#   STUDIO_COMMIT   what names carry (default: the commit that is checked out)
set -eu

PROJECT=${PROJECT:-Speech CI}
LOCALE=${LOCALE:-en-US}
MARGIN=${MARGIN:-0}
REPORT=${REPORT:-speech.xml}
STUDIO=${STUDIO:-studio}
STUDIO_COMMIT=${STUDIO_COMMIT:-$(git rev-parse HEAD)}
export STUDIO_COMMIT

# By their descriptions a later run finds again what an earlier one has made.
TEST_DATA='Test data of the pipeline'
TRAINING_DATA='Training data of the pipeline'
ENDPOINT='Endpoint of the pipeline'

say() { echo "pipeline: $*" >&2; }

# Functions leave what they find in variables: a failure inside of $(...) would not end
# every shell. Lists are oldest first, so the last line is the newest.
newest() { printf '%s\n' "$1" | tail -n 1; }

find_or_make_project() {
    quoted=$(printf %s "$PROJECT" | sed "s/'/''/g")
    found=$("$STUDIO" project list --output id --filter "displayName eq '$quoted'")
    project=$(newest "$found")
    if [ -z "$project" ]; then
        say "making the project $PROJECT"
        # Its name stays the same from commit to commit.
        project=$(STUDIO_COMMIT='' "$STUDIO" project create --name "$PROJECT" \
            --language "$LOCALE" --output id)
    fi
}

find_endpoint() {
    found=$("$STUDIO" endpoint list --project "$project" --output id \
        --filter "description eq '$ENDPOINT'")
    endpoint=$(newest "$found")
}

find_base() {
    base=${BASE:-}
    if [ -z "$base" ]; then
        found=$("$STUDIO" model list --base --output id \
            --filter "locale eq '$LOCALE' and status eq 'Succeeded'")
        base=$(newest "$found")
    fi
}

find_present_model() {
    find_endpoint
    if [ -n "$endpoint" ]; then
        present=$("$STUDIO" endpoint show "$endpoint" --field model)
    else
        find_base
        present=$base
    fi
}

benchmark() {
    find_or_make_project
    say "sending the test data"
    dataset=$("$STUDIO" dataset create --project "$project" --name 'Test data' \
        --description "$TEST_DATA" --kind Acoustic --file "$1" --wait --output id)
    find_present_model
    say "testing the present model on it"
    "$STUDIO" evaluation create --project "$project" --name Benchmark \
        --dataset "$dataset" --model "$present" --wait --junit "$REPORT"
}

train() {
    find_or_make_project
    found=$("$STUDIO" dataset list --project "$project" --output id \
        --filter "description eq '$TEST_DATA' and status eq 'Succeeded'")
    tests=$(newest "$found")
    if [ -z "$tests" ]; then
        say "there is no test data yet; run: pipeline.sh benchmark TEST.zip"
        exit 2
    fi
    say "sending the training data"
    dataset=$("$STUDIO" dataset create --project "$project" --name 'Training data' \
        --description "$TRAINING_DATA" --kind Acoustic --file "$1" --wait --output id)
    find_base
    find_present_model
    say "training"
    model=$("$STUDIO" model create --project "$project" --name Model --base "$base" \
        --dataset "$dataset" --wait --output id)
    say "testing the new model against the present one"
    "$STUDIO" evaluation create --project "$project" --name 'New against present' \
        --dataset "$tests" --model "$model" --model2 "$present" --wait \
        --fail-unless-better-than model2 --margin "$MARGIN" --junit "$REPORT" >&2
}

deploy() {
    find_or_make_project
    find_endpoint
    if [ -n "$endpoint" ]; then
        say "giving the endpoint the new model"
        "$STUDIO" endpoint update "$endpoint" --model "$1" \
            --property "commit=$STUDIO_COMMIT" --output id
        "$STUDIO" endpoint status "$endpoint" --wait
    else
        say "making the endpoint"
        "$STUDIO" endpoint create --project "$project" --name Endpoint \
            --description "$ENDPOINT" --model "$1" --wait --output id
    fi
}

if [ $# -ne 2 ] || [ -z "$2" ]; then
    sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p;}' "$0" >&2
    exit 2
fi
case $1 in
    benchmark) benchmark "$2" ;;
    train)
        train "$2"
        echo "$model"
        ;;
    deploy) deploy "$2" ;;
    release)
        train "$2"
        deploy "$model"
        ;;
    *)
        say "there is no $1"
        exit 2
        ;;
esac
