"""Every address × every role: who may, who is refused, who does not learn that it is there, who is sent to sign in.

A row names a method, an address, and the things its parts stand for (the words of `world.py`). GET rows are also asked
by POST: whoever may not read a form may not send it either. A new address without a row fails the test.
"""

import logging
from contextlib import suppress

import pytest
from django.contrib.messages import get_messages
from django.db import transaction
from django.http import HttpResponse
from django.urls import NoReverseMatch, reverse

from tests.www.world import ROLES, World, addresses, make_world

pytestmark = pytest.mark.django_db

# ok: the page, the form with its errors, or on to a page inside · in: sent to sign in
# 403: refused in words · 404: does not learn that it is there · told: a sentence why it does not go now
MATRIX = """
                                                      anon  none  rep   mate  rival off   other man   desk  adm   aud   far   oper
# Public pages
GET  front                                            ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok
GET  accessibility                                    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok
GET  privacy                                          ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok
GET  terms                                            ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok
GET  language                                         ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok
GET  robots                                           ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok
GET  city                                             ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok
GET  challenges                                       ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok
GET  challenge c-public                               ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok
GET  challenge c-members                              404   404   ok    ok    ok    ok    ok    ok    ok    ok    ok    404   404
GET  challenge c-municipality                         404   404   404   404   404   ok    ok    ok    ok    ok    ok    404   404
GET  challenge c-department                           404   404   404   404   404   ok    404   ok    ok    404   ok    404   404
GET  challenge c-checking                             404   404   404   404   404   ok    404   ok    ok    404   ok    404   404
GET  challenge c-draft                                404   404   404   404   404   ok    404   ok    ok    404   ok    404   404
GET  challenge c-closed                               ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok
GET  challenge-similar c-public                       ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok
GET  challenge-similar c-department                   404   404   404   404   404   ok    404   ok    ok    404   ok    404   404
GET  solutions                                        ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok
GET  solution sol                                     ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok
GET  solution sol-draft                               404   404   404   404   404   404   404   404   404   404   404   404   404
GET  solution sol-withdrawn                           404   404   404   404   404   404   404   404   404   404   404   404   404
GET  propose                                          ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok
GET  members                                          ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok
GET  member company                                   ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok
GET  member applicant-company                         404   404   404   404   404   404   404   404   404   404   404   404   404
GET  member former-company                            404   404   404   404   404   404   404   404   404   404   404   404   404
GET  gatherings                                       ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok
GET  gathering g-open                                 ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok
GET  gathering g-draft                                404   404   404   404   404   404   404   404   ok    404   404   404   404
GET  gatherings-ics                                   ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok
GET  stories                                          ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok
GET  story s-public                                   ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok
GET  story s-draft                                    404   404   404   404   404   404   404   404   404   404   404   404   404
GET  figures                                          ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok
GET  figures-csv                                      ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok
GET  figures-xlsx                                     ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok
GET  figures-json                                     ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok
GET  figures-evidence proposals                       ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok
GET  figures-evidence cases_open                      ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok
GET  fund                                             ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok
GET  fund-calls                                       ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok
GET  fund-call call                                   ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok
GET  fund-call call-released                          ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok
GET  fund-call call-draft                             404   404   404   404   404   404   404   404   404   404   404   404   404
GET  fund-ask call                                    in    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok
GET  fund-ask call-draft                              in    404   404   404   404   404   404   404   404   404   404   404   404
GET  fund-applications call                           ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok
GET  fund-awards                                      ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok
GET  fund-award grant                                 ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok
GET  fund-contributions                               ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok
GET  fund-ledger                                      ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok
GET  fund-360giving                                   ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok
GET  fund-csv ledger                                  ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok
GET  fund-csv nonsense                                404   404   404   404   404   404   404   404   404   404   404   404   404
GET  fund-xlsx awards                                 ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok
GET  feed                                             ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok
# A person's own pages
GET  home                                             in    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok
GET  notices                                          in    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok
POST notices-read                                     in    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok
GET  notice notice                                    in    404   ok    404   404   404   404   404   404   404   404   404   404
GET  preferences                                      in    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok
GET  profile                                          in    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok
GET  demo-sign-in                                     404   404   404   404   404   404   404   404   404   404   404   404   404
GET  demo-outbox                                      404   404   404   404   404   404   404   404   404   404   404   404   404
POST demo-reply letter                                404   404   404   404   404   404   404   404   404   404   404   404   404
# Representatives
GET  my                                               in    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok
GET  my-matches                                       in    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok
GET  my-match c-public solution sol                   in    404   ok    ok    404   404   404   404   404   404   404   404   404
GET  my-match c-department solution sol               in    404   404   404   404   404   404   404   404   404   404   404   404
GET  my-match c-public organisation company           in    404   404   404   404   404   404   404   404   404   404   404   404
GET  my-searches                                      in    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok
GET  my-search-new                                    in    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok
POST my-search-preview                                in    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok
GET  my-search search                                 in    404   ok    404   404   404   404   404   404   404   404   404   404
POST my-search-act search                             in    404   ok    404   404   404   404   404   404   404   404   404   404
GET  my-organisations                                 in    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok
GET  my-organisation-new                              in    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok
GET  my-organisation company                          in    404   ok    ok    404   404   404   404   404   404   404   404   404
GET  my-representatives company                       in    404   ok    ok    404   404   404   404   404   404   404   404   404
GET  my-representative-owner company colleague        in    404   ok    403   404   404   404   404   404   404   404   404   404
GET  my-representative-remove company colleague       in    404   ok    ok    404   404   404   404   404   404   404   404   404
GET  my-invitation token                              ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok
GET  my-memberships                                   in    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok
GET  my-membership-join                               in    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok
GET  my-membership-leave member                       in    404   ok    ok    404   404   404   404   404   404   404   404   404
GET  my-solutions                                     in    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok
GET  my-solution-new                                  in    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok
GET  my-solution sol-draft                            in    404   ok    ok    404   404   404   404   404   404   404   404   404
GET  my-solution sol                                  in    404   ok    ok    404   404   404   404   404   404   404   404   404
POST my-solution-withdraw sol                         in    404   ok    ok    404   404   404   404   404   404   404   404   404
GET  my-proposals                                     in    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok
GET  my-proposal-new                                  in    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok
GET  my-proposal p-draft                              in    404   ok    ok    404   404   404   404   404   404   404   404   404
GET  my-proposal p-submitted                          in    404   ok    ok    404   404   404   404   404   404   404   404   404
GET  my-proposal-edit p-draft                         in    404   ok    ok    404   404   404   404   404   404   404   404   404
GET  my-proposal-check p-draft                        in    404   ok    ok    404   404   404   404   404   404   404   404   404
GET  my-receipt p-submitted                           in    404   ok    ok    404   404   404   404   404   404   404   404   404
GET  my-proposal-withdraw p-submitted                 in    404   ok    ok    404   404   404   404   404   404   404   404   404
GET  my-proposal-discard p-draft                      in    404   ok    ok    404   404   404   404   404   404   404   404   404
GET  my-referral referral                             in    404   ok    ok    404   404   404   404   404   404   404   404   404
GET  my-proposal-file p-draft p-draft-paper           in    404   ok    ok    404   404   404   404   404   404   404   404   404
GET  my-proposal-file p-submitted paper               in    404   ok    ok    404   ok    404   ok    ok    404   ok    404   404
GET  my-fund-letter grant receipt grant               in    404   ok    ok    404   404   404   404   404   404   404   404   404
GET  my-fund-letter-last grant receipt                in    404   ok    ok    404   404   404   404   404   404   404   404   404
GET  my-cases                                         in    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok
GET  my-case case                                     in    404   ok    ok    404   404   404   404   404   404   404   404   404
GET  my-case-withdraw case                            in    404   ok    ok    404   404   404   404   404   404   404   404   404
GET  my-meeting-new case                              in    404   ok    ok    404   404   404   404   404   404   404   404   404
GET  my-meeting-answer case talk-offered              in    404   ok    ok    404   404   404   404   404   404   404   404   404
POST my-meeting-fix case talk-offered                 in    404   told    told    404   404   404   404   404   404   404   404   404
GET  my-meeting-cancel case talk-fixed                in    404   ok    ok    404   404   404   404   404   404   404   404   404
GET  my-meeting-ics case talk-fixed                   in    404   ok    ok    404   404   404   404   404   404   404   404   404
POST my-todo-done case promise                        in    404   ok    ok    404   404   404   404   404   404   404   404   404
POST my-todo-reopen case promise                      in    404   told  told  404   404   404   404   404   404   404   404   404
GET  my-trial case trial                              in    404   ok    ok    404   404   404   404   404   404   404   404   404
GET  my-case-file case shared                         in    404   ok    ok    404   404   404   404   404   404   404   404   404
GET  my-case-file case secret                         in    404   404   404   404   404   404   404   404   404   404   404   404
GET  my-fund                                          in    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok
GET  my-fund-call call                                in    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok
GET  my-fund-call call-released                       in    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok
GET  my-fund-call call-draft                          in    404   404   404   404   404   404   404   404   404   404   404   404
GET  my-fund-application aid-draft                    in    404   ok    ok    404   404   404   404   404   404   404   404   404
GET  my-fund-application aid-sent                     in    404   ok    ok    404   404   404   404   404   404   404   404   404
GET  my-fund-application grant                        in    404   ok    ok    404   404   404   404   404   404   404   404   404
GET  my-fund-edit aid-draft                           in    404   ok    ok    404   404   404   404   404   404   404   404   404
GET  my-fund-check aid-draft                          in    404   ok    ok    404   404   404   404   404   404   404   404   404
GET  my-fund-receipt aid-sent                         in    404   ok    ok    404   404   404   404   404   404   404   404   404
GET  my-fund-copy aid-sent                            in    404   ok    ok    404   404   404   404   404   404   404   404   404
GET  my-fund-withdraw aid-sent                        in    404   ok    ok    404   404   404   404   404   404   404   404   404
GET  my-fund-file aid-draft aid-paper                 in    404   ok    ok    404   404   404   404   404   404   404   404   404
GET  my-fund-presentation-ics grant                   in    404   404   404   404   404   404   404   404   404   404   404   404
GET  my-fund-decision grant                           in    404   ok    ok    404   404   404   404   404   404   404   404   404
GET  my-fund-advance grant                            in    404   ok    ok    404   404   404   404   404   404   404   404   404
GET  my-fund-advance-cancel grant plea                in    404   ok    ok    404   404   404   404   404   404   404   404   404
GET  my-fund-change grant                             in    404   ok    ok    404   404   404   404   404   404   404   404   404
GET  my-fund-status grant                             in    404   ok    ok    404   404   404   404   404   404   404   404   404
GET  my-fund-assets grant                             in    404   ok    ok    404   404   404   404   404   404   404   404   404
GET  my-fund-report grant                             in    404   ok    ok    404   404   404   404   404   404   404   404   404
GET  my-fund-outcome grant                            in    404   ok    ok    404   404   404   404   404   404   404   404   404
GET  my-fund-decision aid-sent                        in    404   404   404   404   404   404   404   404   404   404   404   404
GET  my-fund-report aid-sent                          in    404   404   404   404   404   404   404   404   404   404   404   404
GET  my-fund-report-receipt grant                     in    404   ok    ok    404   404   404   404   404   404   404   404   404
GET  my-fund-settlement grant                         in    404   404   404   404   404   404   404   404   404   404   404   404
GET  my-fund-tax grant                                in    404   404   404   404   404   404   404   404   404   404   404   404
GET  my-fund-file asked asked-paper                   in    404   404   404   ok    404   404   404   404   404   404   404   404
# Staff
GET  staff-home                                       in    403   403   403   403   ok    ok    ok    ok    ok    ok    403   403
GET  staff-inbox                                      in    403   403   403   403   403   403   403   ok    403   403   403   403
GET  staff-challenges                                 in    403   403   403   403   ok    ok    ok    ok    ok    ok    403   403
GET  staff-challenge-new                              in    403   403   403   403   ok    ok    ok    ok    403   403   403   403
POST staff-challenge-hints                            in    403   403   403   403   ok    ok    ok    ok    403   403   403   403
GET  staff-challenge c-draft                          in    403   403   403   403   ok    404   ok    ok    404   ok    403   403
GET  staff-challenge c-checking                       in    403   403   403   403   ok    404   ok    ok    404   ok    403   403
GET  staff-challenge c-department                     in    403   403   403   403   ok    404   ok    ok    404   ok    403   403
GET  staff-challenge c-municipality                   in    403   403   403   403   ok    ok    ok    ok    ok    ok    403   403
GET  staff-challenge c-members                        in    403   403   403   403   ok    ok    ok    ok    ok    ok    403   403
GET  staff-challenge c-public                         in    403   403   403   403   ok    ok    ok    ok    ok    ok    403   403
GET  staff-challenge c-closed                         in    403   403   403   403   ok    ok    ok    ok    ok    ok    403   403
GET  staff-challenge-edit c-draft                     in    403   403   403   403   ok    404   ok    ok    404   403   403   403
GET  staff-challenge-edit c-public                    in    403   403   403   403   ok    403   ok    ok    403   403   403   403
POST staff-challenge-submit c-draft                   in    403   403   403   403   ok    404   ok    ok    404   403   403   403
GET  staff-challenge-publish c-checking               in    403   403   403   403   403   404   403   ok    404   403   403   403
GET  staff-challenge-return c-checking                in    403   403   403   403   403   404   403   ok    404   403   403   403
GET  staff-challenge-widen c-members                  in    403   403   403   403   403   403   ok    ok    403   403   403   403
GET  staff-challenge-renew c-public                   in    403   403   403   403   ok    403   ok    ok    403   403   403   403
GET  staff-challenge-close c-public                   in    403   403   403   403   403   403   ok    ok    403   403   403   403
GET  staff-challenge-reopen c-closed                  in    403   403   403   403   403   403   ok    ok    403   403   403   403
GET  staff-suggestions c-draft                        in    403   403   403   403   ok    404   ok    ok    404   ok    403   403
GET  staff-suggestions c-department                   in    403   403   403   403   ok    404   ok    ok    404   ok    403   403
GET  staff-suggestions c-public                       in    403   403   403   403   ok    ok    ok    ok    ok    ok    403   403
GET  staff-suggestion-judge c-public candidate        in    403   403   403   403   ok    403   ok    ok    403   403   403   403
GET  staff-suggestion-judge c-members candidate       in    403   403   403   403   404   404   404   404   404   404   403   403
GET  staff-suggestion-introduce c-public candidate    in    403   403   403   403   ok    403   ok    ok    403   403   403   403
GET  staff-proposals                                  in    403   403   403   403   ok    ok    ok    ok    ok    ok    403   403
GET  staff-proposal-new                               in    403   403   403   403   403   403   403   ok    403   403   403   403
GET  staff-proposal p-new                             in    403   403   403   403   404   404   404   ok    404   ok    403   403
GET  staff-proposal p-submitted                       in    403   403   403   403   ok    404   ok    ok    404   ok    403   403
GET  staff-proposal p-routed                          in    403   403   403   403   ok    404   ok    ok    404   ok    403   403
GET  staff-proposal-file p-submitted paper            in    403   403   403   403   ok    404   ok    ok    404   ok    403   403
POST staff-proposal-route p-new                       in    403   403   403   403   404   404   404   ok    404   403   403   403
POST staff-proposal-answer p-routed question          in    403   403   403   403   ok    404   ok    ok    404   403   403   403
POST staff-proposal-case p-routed                     in    403   403   403   403   ok    404   ok    ok    404   403   403   403
GET  staff-proposal-refer p-declined                  in    403   403   403   403   403   404   ok    ok    404   403   403   403
GET  staff-referral-withdraw p-declined referral      in    403   403   403   403   403   404   ok    ok    404   403   403   403
GET  staff-referral-answer p-declined referral        in    403   403   403   403   403   404   403   403   404   403   403   403
GET  staff-proposal-decline p-routed                  in    403   403   403   403   403   404   ok    ok    404   403   403   403
GET  staff-proposal-ball p-routed                     in    403   403   403   403   ok    404   ok    ok    404   403   403   403
POST staff-proposal-nudge p-routed question           in    403   403   403   403   403   404   403   ok    404   403   403   403
POST staff-proposal-recall p-routed                   in    403   403   403   403   403   404   403   ok    404   403   403   403
GET  staff-cases                                      in    403   403   403   403   ok    ok    ok    ok    ok    ok    403   403
GET  staff-case-new                                   in    403   403   403   403   ok    ok    ok    ok    403   403   403   403
GET  staff-case case                                  in    403   403   403   403   ok    404   ok    ok    404   ok    403   403
GET  staff-case-file case shared                      in    403   403   403   403   ok    404   ok    ok    404   ok    403   403
GET  staff-case-file case secret                      in    403   403   403   403   ok    404   ok    ok    404   ok    403   403
POST staff-case-act case say                          in    403   403   403   403   ok    404   ok    ok    404   403   403   403
POST staff-case-act case note                         in    403   403   403   403   ok    404   ok    ok    404   403   403   403
POST staff-case-act case meeting                      in    403   403   403   403   ok    404   ok    ok    404   403   403   403
POST staff-case-act case file                         in    403   403   403   403   ok    404   ok    ok    404   403   403   403
POST staff-case-act case ball                         in    403   403   403   403   ok    404   ok    ok    404   403   403   403
POST staff-case-act case nudge                        in    403   403   403   403   ok    404   ok    ok    404   403   403   403
POST staff-case-act case advance                      in    403   403   403   403   ok    404   ok    ok    404   403   403   403
POST staff-case-act case pause                        in    403   403   403   403   ok    404   ok    ok    404   403   403   403
POST staff-case-act case close                        in    403   403   403   403   ok    404   ok    ok    404   403   403   403
GET  staff-meeting-answer case talk-offered           in    403   403   403   403   ok    404   ok    ok    404   403   403   403
POST staff-meeting-fix case talk-offered              in    403   403   403   403   told    404   told    told    404   403   403   403
GET  staff-meeting-change case talk-fixed             in    403   403   403   403   ok    404   ok    ok    404   403   403   403
GET  staff-meeting-cancel case talk-fixed             in    403   403   403   403   ok    404   ok    ok    404   403   403   403
GET  staff-meeting-minutes case talk-fixed            in    403   403   403   403   ok    404   ok    ok    404   403   403   403
GET  staff-meeting-correct case talk-fixed            in    403   403   403   403   ok    404   ok    ok    404   403   403   403
GET  staff-meeting-ics case talk-fixed                in    403   403   403   403   ok    404   ok    ok    404   ok    403   403
POST staff-case-act case offer                        in    403   403   403   403   ok    404   ok    ok    404   403   403   403
POST staff-case-act case todo                         in    403   403   403   403   ok    404   ok    ok    404   403   403   403
POST staff-todo-done case promise                     in    403   403   403   403   ok    404   ok    ok    404   403   403   403
POST staff-todo-reopen case promise                   in    403   403   403   403   told  404   told  told  404   403   403   403
POST staff-case-act case adoption                     in    403   403   403   403   ok    404   ok    ok    404   403   403   403
POST staff-case-act case owner                        in    403   403   403   403   403   404   ok    ok    404   403   403   403
POST staff-case-act case department                   in    403   403   403   403   403   404   ok    ok    404   403   403   403
POST staff-case-act case organisation                 in    403   403   403   403   403   404   ok    ok    404   403   403   403
POST staff-case-act case outcome                      in    403   403   403   403   ok    404   ok    ok    404   403   403   403
GET  staff-trial-new case                             in    403   403   403   403   ok    404   ok    ok    404   403   403   403
GET  staff-trial case trial                           in    403   403   403   403   ok    404   ok    ok    404   ok    403   403
GET  staff-trial-edit case trial                      in    403   403   403   403   ok    404   ok    ok    404   403   403   403
POST staff-trial-act case trial approve               in    403   403   403   403   403   404   ok    ok    404   403   403   403
POST staff-trial-act case trial start                 in    403   403   403   403   ok    404   ok    ok    404   403   403   403
POST staff-trial-act case trial reading               in    403   403   403   403   ok    404   ok    ok    404   403   403   403
POST staff-trial-act case trial draft                 in    403   403   403   403   ok    404   ok    ok    404   403   403   403
POST staff-trial-act case trial report                in    403   403   403   403   ok    404   ok    ok    404   403   403   403
POST staff-trial-act case trial decide                in    403   403   403   403   403   404   ok    ok    404   403   403   403
POST staff-trial-act case trial cancel                in    403   403   403   403   ok    404   ok    ok    404   403   403   403
GET  staff-radar                                      in    403   403   403   403   ok    ok    ok    ok    ok    ok    403   403
GET  staff-agreements                                 in    403   403   403   403   ok    ok    ok    ok    ok    ok    403   403
GET  staff-agreements-csv                             in    403   403   403   403   ok    ok    ok    ok    ok    ok    403   403
GET  staff-agreement-new                              in    403   403   403   403   403   403   403   ok    403   403   403   403
GET  staff-agreement agreement                        in    403   403   403   403   ok    ok    ok    ok    ok    ok    403   403
GET  staff-handover                                   in    403   403   403   403   ok    ok    ok    ok    ok    ok    403   403
GET  staff-handover-person officer                    in    403   403   403   403   ok    404   ok    ok    ok    404   403   403
GET  staff-handover-person-book officer               in    403   403   403   403   ok    404   ok    ok    403   404   403   403
GET  staff-handover-person-file officer pdf           in    403   403   403   403   ok    404   ok    ok    403   404   403   403
GET  staff-handover-department env                    in    403   403   403   403   404   404   ok    ok    ok    404   403   403
GET  staff-handover-department-book env               in    403   403   403   403   404   404   ok    ok    403   404   403   403
GET  staff-handover-department-file env docx          in    403   403   403   403   404   404   ok    ok    403   404   403   403
GET  staff-agreement-edit agreement                   in    403   403   403   403   403   403   403   ok    403   403   403   403
GET  staff-agreement-file agreement paper-agreement   in    403   403   403   403   ok    ok    ok    ok    ok    ok    403   403
POST staff-agreement-act agreement sign               in    403   403   403   403   403   403   403   ok    403   403   403   403
POST staff-agreement-act agreement review             in    403   403   403   403   403   403   403   ok    403   403   403   403
POST staff-agreement-act agreement return             in    403   403   403   403   403   403   403   ok    403   403   403   403
POST staff-agreement-act agreement renew              in    403   403   403   403   403   403   403   ok    403   403   403   403
POST staff-agreement-act agreement terminate          in    403   403   403   403   403   403   403   ok    403   403   403   403
POST staff-agreement-act agreement link               in    403   403   403   403   403   403   403   ok    403   403   403   403
POST staff-agreement-act agreement unlink             in    403   403   403   403   403   403   403   ok    403   403   403   403
POST staff-agreement-act agreement file               in    403   403   403   403   403   403   403   ok    403   403   403   403
GET  staff-stories                                    in    403   403   403   403   ok    ok    ok    ok    ok    ok    403   403
GET  staff-story-new o-new                            in    403   403   403   403   ok    403   ok    ok    403   403   403   403
GET  staff-story s-draft                              in    403   403   403   403   ok    404   ok    ok    404   404   403   403
GET  staff-story s-public                             in    403   403   403   403   ok    403   ok    ok    403   403   403   403
POST staff-story-publish s-draft                      in    403   403   403   403   403   404   403   ok    404   404   403   403
POST staff-story-withdraw s-public                    in    403   403   403   403   403   403   403   ok    403   403   403   403
POST staff-story-effort s-public                      in    403   403   403   403   403   403   403   told  403   403   403   403
GET  staff-members                                    in    403   403   403   403   ok    ok    ok    ok    ok    ok    403   403
GET  staff-member-new                                 in    403   403   403   403   403   403   403   ok    403   403   403   403
GET  staff-member member                              in    403   403   403   403   ok    ok    ok    ok    ok    ok    403   403
GET  staff-member applicant                           in    403   403   403   403   404   404   404   ok    404   404   403   403
GET  staff-member left                                in    403   403   403   403   404   404   404   ok    404   404   403   403
POST staff-member-admit applicant                     in    403   403   403   403   404   404   404   ok    404   404   403   403
GET  staff-member-refuse applicant                    in    403   403   403   403   404   404   404   ok    404   404   403   403
GET  staff-member-leave member                        in    403   403   403   403   403   403   403   ok    403   403   403   403
GET  staff-gatherings                                 in    403   403   403   403   ok    ok    ok    ok    ok    ok    403   403
GET  staff-gathering-new                              in    403   403   403   403   403   403   403   ok    403   403   403   403
GET  staff-gathering g-open                           in    403   403   403   403   ok    ok    ok    ok    ok    ok    403   403
GET  staff-gathering g-draft                          in    403   403   403   403   404   404   404   ok    404   404   403   403
GET  staff-gathering-edit g-open                      in    403   403   403   403   403   403   403   ok    403   403   403   403
POST staff-gathering-open g-draft                     in    403   403   403   403   404   404   404   ok    404   404   403   403
POST staff-gathering-close g-open                     in    403   403   403   403   403   403   403   ok    403   403   403   403
POST staff-gathering-hold g-over                      in    403   403   403   403   403   403   403   ok    403   403   403   403
GET  staff-gathering-report g-held                    in    403   403   403   403   403   403   403   ok    403   403   403   403
GET  staff-gathering-cancel g-open                    in    403   403   403   403   403   403   403   ok    403   403   403   403
GET  staff-import                                     in    403   403   403   403   403   403   403   ok    403   403   403   403
GET  staff-import-template challenges                 in    403   403   403   403   403   403   403   ok    403   403   403   403
GET  staff-import-preview run                         in    403   403   403   403   403   403   403   ok    403   403   403   403
GET  staff-import-rows run                            in    403   403   403   403   403   403   403   ok    403   403   403   403
GET  staff-settings                                   in    403   403   403   403   403   403   403   403   ok    403   403   ok
GET  staff-settings-general                           in    403   403   403   403   403   403   403   403   ok    403   403   ok
GET  staff-departments                                in    403   403   403   403   403   403   403   403   ok    403   403   ok
GET  staff-department-new                             in    403   403   403   403   403   403   403   403   ok    403   403   ok
GET  staff-department sea                             in    403   403   403   403   403   403   403   403   ok    403   403   ok
POST staff-department-close empty                     in    403   403   403   403   403   403   403   403   ok    403   403   ok
GET  staff-people                                     in    403   403   403   403   403   403   403   403   ok    403   403   ok
GET  staff-appoint                                    in    403   403   403   403   403   403   403   403   ok    403   403   ok
POST staff-end-role role                              in    403   403   403   403   403   403   403   403   ok    403   403   ok
POST staff-stop-person role                           in    403   403   403   403   403   403   403   403   403   403   403   ok
POST staff-restore-person role                        in    403   403   403   403   403   403   403   403   403   403   403   told
GET  staff-closing-days                               in    403   403   403   403   403   403   403   403   ok    403   403   ok
POST staff-closing-day-remove closing-day             in    403   403   403   403   403   403   403   403   ok    403   403   ok
GET  staff-reminders                                  in    403   403   403   403   403   403   403   403   ok    403   403   ok
GET  staff-limits                                     in    403   403   403   403   403   403   403   403   ok    403   403   ok
GET  staff-limit proposal routing                     in    403   403   403   403   403   403   403   403   ok    403   403   ok
GET  staff-wordings                                   in    403   403   403   403   403   403   403   ok    ok    403   403   ok
GET  staff-wording-new                                in    403   403   403   403   403   403   403   ok    ok    403   403   ok
GET  staff-wording decline                            in    403   403   403   403   403   403   403   ok    ok    403   403   ok
POST staff-wording-act decline retire                 in    403   403   403   403   403   403   403   ok    ok    403   403   ok
GET  staff-budget-calendar                            in    403   403   403   403   403   403   403   403   ok    403   403   ok
GET  staff-figures                                    in    403   403   403   403   ok    ok    ok    ok    ok    ok    403   403
GET  staff-figures-file csv                           in    403   403   403   403   ok    ok    ok    ok    ok    ok    403   403
GET  staff-matching-figures                           in    403   403   403   403   ok    ok    ok    ok    ok    ok    403   403
GET  staff-matching-file csv                          in    403   403   403   403   ok    ok    ok    ok    ok    ok    403   403
GET  staff-matching-records made                      in    403   403   403   403   ok    ok    ok    ok    ok    ok    403   403
GET  staff-matching-records never                     in    403   403   403   403   ok    ok    ok    ok    ok    ok    403   403
GET  staff-rankings                                   in    403   403   403   403   403   403   403   ok    403   403   403   403
POST staff-ranking-learn                              in    403   403   403   403   403   403   403   told  403   403   403   403
GET  staff-ranking-adopt weights                      in    403   403   403   403   403   403   403   ok    403   403   403   403
GET  staff-ranking-refuse weights                     in    403   403   403   403   403   403   403   ok    403   403   403   403
GET  staff-events                                     in    403   403   403   403   403   403   403   ok    ok    ok    403   403
# The committee: who sits on it, and nobody else
GET  committee                                        in    403   403   403   403   403   403   403   403   403   403   403   ok
GET  committee-interests                              in    403   403   403   403   403   403   403   403   403   403   403   ok
GET  committee-timetable                              in    403   403   403   403   403   403   403   403   403   403   403   ok
GET  committee-ics                                    in    403   403   403   403   403   403   403   403   403   403   403   ok
GET  committee-sheet sheet                            in    403   403   403   403   403   403   403   403   403   403   403   ok
GET  committee-paper sheet asked-paper                in    403   403   403   403   403   403   403   403   403   403   403   ok
GET  committee-sheet-interest sheet                   in    403   403   403   403   403   403   403   403   403   403   403   ok
GET  committee-invitation committee-token             ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok    ok
# The fund: the secretariat and whoever audits it
GET  staff-fund                                       in    403   403   403   403   403   403   403   ok    403   ok    403   403
GET  staff-fund-money                                 in    403   403   403   403   403   403   403   ok    403   ok    403   403
GET  staff-fund-fund fund                             in    403   403   403   403   403   403   403   ok    403   ok    403   403
GET  staff-fund-contributions                         in    403   403   403   403   403   403   403   ok    403   ok    403   403
GET  staff-fund-contribution gift                     in    403   403   403   403   403   403   403   ok    403   ok    403   403
GET  staff-fund-ledger                                in    403   403   403   403   403   403   403   ok    403   ok    403   403
GET  staff-fund-ledger-file csv                       in    403   403   403   403   403   403   403   ok    403   ok    403   403
GET  staff-fund-ledger-file xlsx                      in    403   403   403   403   403   403   403   ok    403   ok    403   403
GET  staff-fund-programmes                            in    403   403   403   403   403   403   403   ok    403   ok    403   403
GET  staff-fund-programme programme                   in    403   403   403   403   403   403   403   ok    403   ok    403   403
GET  staff-fund-compare programme                     in    403   403   403   403   403   403   403   ok    403   ok    403   403
GET  staff-fund-edition programme first               in    403   403   403   403   403   403   403   ok    403   ok    403   403
GET  staff-fund-edition programme second              in    403   403   403   403   403   403   403   ok    403   ok    403   403
GET  staff-fund-calls                                 in    403   403   403   403   403   403   403   ok    403   ok    403   403
GET  staff-fund-call call                             in    403   403   403   403   403   403   403   ok    403   ok    403   403
GET  staff-fund-call call-draft                       in    403   403   403   403   403   403   403   ok    403   ok    403   403
GET  staff-fund-call-preview call-draft               in    403   403   403   403   403   403   403   ok    403   ok    403   403
GET  staff-fund-awards                                in    403   403   403   403   403   403   403   ok    403   ok    403   403
GET  staff-fund-award grant                           in    403   403   403   403   403   403   403   ok    403   ok    403   403
GET  staff-fund-new                                   in    403   403   403   403   403   403   403   ok    403   403   403   403
GET  staff-fund-pot-new fund                          in    403   403   403   403   403   403   403   ok    403   403   403   403
GET  staff-fund-contribution-new fund                 in    403   403   403   403   403   403   403   ok    403   403   403   403
GET  staff-fund-edit fund                             in    403   403   403   403   403   403   403   ok    403   403   403   403
GET  staff-fund-programme-edit programme              in    403   403   403   403   403   403   403   ok    403   403   403   403
GET  staff-fund-programme-new                         in    403   403   403   403   403   403   403   ok    403   403   403   403
GET  staff-fund-edition-edit programme second who     in    403   403   403   403   403   403   403   ok    403   403   403   403
GET  staff-fund-edition-edit programme second money   in    403   403   403   403   403   403   403   ok    403   403   403   403
GET  staff-fund-edition-edit programme second costs   in    403   403   403   403   403   403   403   ok    403   403   403   403
GET  staff-fund-edition-edit programme second screening in    403   403   403   403   403   403   403   ok    403   403   403   403
GET  staff-fund-edition-edit programme second papers  in    403   403   403   403   403   403   403   ok    403   403   403   403
GET  staff-fund-edition-edit programme second after   in    403   403   403   403   403   403   403   ok    403   403   403   403
GET  staff-fund-call-new                              in    403   403   403   403   403   403   403   ok    403   403   403   403
GET  staff-fund-call-edit call                        in    403   403   403   403   403   403   403   ok    403   403   403   403
GET  staff-fund-call-edit call-draft                  in    403   403   403   403   403   403   403   ok    403   403   403   403
POST staff-fund-contribution-act promise-of-money receive promise-of-money in    403   403   403   403   403   403   403   ok    403   403   403   403
POST staff-fund-edition-new programme                 in    403   403   403   403   403   403   403   told  403   403   403   403
POST staff-fund-edition-act programme second use edition-draft in    403   403   403   403   403   403   403   ok    403   403   403   403
POST staff-fund-call-act call-draft publish call-draft in    403   403   403   403   403   403   403   ok    403   403   403   403
POST staff-fund-call-act call answer asked-of-call    in    403   403   403   403   403   403   403   ok    403   403   403   403
POST staff-fund-award-act grant revoke award          in    403   403   403   403   403   403   403   ok    403   403   403   403
GET  staff-fund-applications                          in    403   403   403   403   403   403   403   ok    403   ok    403   403
GET  staff-fund-application asked                     in    403   403   403   403   403   403   403   ok    403   ok    403   403
GET  staff-fund-paper asked asked-paper               in    403   403   403   403   403   403   403   ok    403   ok    403   403
GET  staff-fund-blind-file asked asked-paper          in    403   403   403   403   403   403   403   404   403   404   403   403
GET  staff-fund-blind-words asked                     in    403   403   403   403   403   403   403   404   403   403   403   403
GET  staff-fund-blind-copy asked asked-paper          in    403   403   403   403   403   403   403   404   403   403   403   403
POST staff-fund-blind-show asked asked-paper          in    403   403   403   403   403   403   403   404   403   403   403   403
GET  staff-fund-committee                             in    403   403   403   403   403   403   403   ok    403   ok    403   403
GET  staff-fund-stage call-screening first            in    403   403   403   403   403   403   403   ok    403   ok    403   403
GET  staff-fund-ranking call-screening first          in    403   403   403   403   403   403   403   ok    403   ok    403   403
GET  staff-fund-timetable call-screening              in    403   403   403   403   403   403   403   ok    403   ok    403   403
GET  staff-fund-timetable-ics call-screening          in    403   403   403   403   403   403   403   ok    403   ok    403   403
GET  staff-fund-choice call-screening                 in    403   403   403   403   403   403   403   ok    403   ok    403   403
GET  staff-fund-decisions call-screening              in    403   403   403   403   403   403   403   ok    403   ok    403   403
GET  staff-fund-return asked                          in    403   403   403   403   403   403   403   ok    403   403   403   403
GET  staff-fund-note asked                            in    403   403   403   403   403   403   403   ok    403   403   403   403
GET  staff-fund-slot asked                            in    403   403   403   403   403   403   403   ok    403   403   403   403
GET  staff-fund-decision asked                        in    403   403   403   403   403   403   403   ok    403   403   403   403
GET  staff-fund-call-up asked                         in    403   403   403   403   403   403   403   ok    403   403   403   403
GET  staff-fund-drop asked                            in    403   403   403   403   403   403   403   ok    403   403   403   403
GET  staff-fund-committee-invite                      in    403   403   403   403   403   403   403   ok    403   403   403   403
GET  staff-fund-committee-uninvite invited            in    403   403   403   403   403   403   403   ok    403   403   403   403
GET  staff-fund-committee-release seat                in    403   403   403   403   403   403   403   ok    403   403   403   403
GET  staff-fund-committee-interest seat               in    403   403   403   403   403   403   403   ok    403   403   403   403
GET  staff-fund-assign call-screening first           in    403   403   403   403   403   403   403   ok    403   403   403   403
GET  staff-fund-decide call-screening first           in    403   403   403   403   403   403   403   ok    403   403   403   403
GET  staff-fund-release-first call-screening          in    403   403   403   403   403   403   403   ok    403   403   403   403
GET  staff-fund-release call-screening                in    403   403   403   403   403   403   403   ok    403   403   403   403
POST staff-fund-take-back call-screening sheet        in    403   403   403   403   403   403   403   ok    403   403   403   403
POST staff-fund-remind call-screening first           in    403   403   403   403   403   403   403   ok    403   403   403   403
POST staff-fund-check asked                           in    403   403   403   403   403   403   403   told  403   403   403   403
POST staff-fund-begin call-screening                  in    403   403   403   403   403   403   403   told  403   403   403   403
GET  staff-fund-letters                               in    403   403   403   403   403   403   403   ok    403   ok    403   403
GET  staff-fund-letter-example receipt template       in    403   403   403   403   403   403   403   ok    403   ok    403   403
GET  staff-fund-letter-example receipt docx           in    403   403   403   403   403   403   403   ok    403   ok    403   403
GET  staff-fund-application-letters grant             in    403   403   403   403   403   403   403   ok    403   ok    403   403
GET  staff-fund-application-letter grant receipt grant docx in    403   403   403   403   403   403   403   ok    403   ok    403   403
GET  staff-fund-contribution-letters gift             in    403   403   403   403   403   403   403   ok    403   ok    403   403
GET  staff-fund-contribution-letter gift gift-thanks docx in    403   403   403   403   403   403   403   ok    403   ok    403   403
GET  staff-fund-call-letters call-screening           in    403   403   403   403   403   403   403   ok    403   ok    403   403
GET  staff-fund-call-letter call-screening minutes first docx in    403   403   403   403   403   403   403   ok    403   ok    403   403
GET  staff-fund-letter-batch call-released batch      in    403   403   403   403   403   403   403   ok    403   ok    403   403
GET  staff-fund-letter-style all                      in    403   403   403   403   403   403   403   ok    403   403   403   403
GET  staff-fund-letter-style receipt                  in    403   403   403   403   403   403   403   ok    403   403   403   403
GET  staff-fund-letter-template receipt               in    403   403   403   403   403   403   403   ok    403   403   403   403
GET  staff-fund-letter-again grant receipt grant      in    403   403   403   403   403   403   403   ok    403   403   403   403
POST staff-fund-letter-act receipt restore            in    403   403   403   403   403   403   403   told  403   403   403   403
POST staff-fund-letter-act receipt drop               in    403   403   403   403   403   403   403   told  403   403   403   403
GET  staff-journal                                    in    403   403   403   403   403   403   403   ok    ok    ok    403   403
GET  staff-mail                                       in    403   403   403   403   403   403   403   ok    403   403   403   403
POST staff-mail-retry letter                          in    403   403   403   403   403   403   403   ok    403   403   403   403
"""

# Whose words may stand on a page for whom: the records of `world.py` carry them in their titles.
DEPARTMENT = {"off", "man", "desk", "aud"}
COMPANY = {"rep", "mate"}
READERS = {
    "課題-draft": DEPARTMENT,
    "課題-checking": DEPARTMENT,
    "課題-department": DEPARTMENT,
    "課題-municipality": DEPARTMENT | {"other", "adm"},
    "課題-members": DEPARTMENT | {"other", "adm", "rival"} | COMPANY,
    "提案-draft": COMPANY,
    "提案-new": {"desk", "aud"} | COMPANY,
    "提案-submitted": DEPARTMENT | COMPANY,
    "提案-routed": DEPARTMENT | COMPANY,
    "提案-declined": DEPARTMENT | COMPANY,
    "案件-company": DEPARTMENT | COMPANY,
    "実証-company": DEPARTMENT | COMPANY,
    "案件-rival": DEPARTMENT | {"rival"},
    "メモ-庁内だけの話": DEPARTMENT,
    "secret.txt": DEPARTMENT,
    "会員-applicant": {"desk"},
    "会員-left": {"desk"},
    "事例-draft": {"off", "man", "desk"},
    "シーズ-draft": COMPANY,
    "シーズ-withdrawn": COMPANY,
    "イベント-draft": {"desk"},
    "助成-draft": COMPANY,
    "募集-draft": {"desk", "aud"},
    "助成-asked": {"desk", "aud", "rival", "oper"},
}
# The journal names every record of the municipality: who reads it, reads the names. Not what is nobody's business yet.
NAMED_IN_THE_JOURNAL = set(READERS) - {"助成-draft", "提案-draft", "シーズ-draft"}

# Whoever opens a case for somebody who walked in chooses among all who ever joined or asked to.
OFFERED = {"会員-applicant", "会員-left"}


def rows() -> list[tuple[str, str, list[str], dict[str, str]]]:
    """(method, address, words, {role: expected}) of each row of the table."""
    head, *lines = [line for line in MATRIX.splitlines() if line.strip() and not line.startswith("#")]
    assert head.split() == list(ROLES)
    found = []
    for line in lines:
        method, name, *rest = line.split()
        words, cells = rest[: -len(ROLES)], rest[-len(ROLES) :]
        found.append((method, name, words, dict(zip(ROLES, cells, strict=True))))
    return found


@pytest.fixture(autouse=True)
def quiet():
    """Refusals are what is asked for here; their log lines are not."""
    logging.disable(logging.WARNING)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture
def world() -> World:
    return make_world()


def outcome(response: HttpResponse) -> str:
    """The answer in the table's words; anything unforeseen as its number."""
    code = response.status_code
    if code in (301, 302, 303):
        if response["Location"].startswith(reverse("account_login")):
            return "in"
        faults = [each for each in get_messages(response.wsgi_request) if each.level_tag == "error"]
        return "told" if faults else "ok"
    # 401: sign in first, with everything typed kept on the page.
    return {200: "ok", 422: "ok", 401: "in"}.get(code, str(code))


def request(browser, method: str, address: str) -> HttpResponse:
    """One request, undone afterwards."""
    with transaction.atomic():
        response = getattr(browser, method.lower())(address)
        transaction.set_rollback(True)
        # What was told and not read yet would be taken for the next answer's.
        browser.cookies.pop("messages", None)
        return response


def ask(browser, method: str, address: str) -> str:
    return outcome(request(browser, method, address))


def overheard(role: str, name: str, response: HttpResponse) -> set[str]:
    """The words on a page that are not for this person."""
    if response.streaming or "text" not in response.headers.get("Content-Type", ""):
        return set()
    page = response.content.decode(errors="replace")
    secret = {word for word, readers in READERS.items() if role not in readers}
    if name == "staff-journal":
        secret -= NAMED_IN_THE_JOURNAL
    if name == "staff-case-new":
        secret -= OFFERED
    return {word for word in secret if word in page}


def test_every_address_has_a_row_for_every_role():
    missing = set(addresses()) - {name for _method, name, _words, _cells in rows()}
    assert missing == set(), "add a row to MATRIX"
    unknown = {name for _method, name, _words, _cells in rows()} - set(addresses())
    assert unknown == set(), "the address is gone"


@pytest.mark.parametrize("role", ROLES)
def test_role_reaches_what_it_may_and_nothing_else(role, world):
    browser = world.browser(role)
    expected, found, sent, heard = {}, {}, {}, {}
    for method, name, words, cells in rows():
        row, address = " ".join([method, name, *words]), world.address(name, *words)
        response = request(browser, method, address)
        expected[row], found[row] = cells[role], outcome(response)
        if words := overheard(role, name, response):
            heard[row] = words
        if method == "GET":
            sent[row] = (cells[role], ask(browser, "POST", address))
    assert found == expected
    assert heard == {}
    # A form that may not be read may not be sent: the same answer, or no form at all.
    assert {row: got for row, (may, got) in sent.items() if may != "ok" and got not in (may, "405")} == {}
    assert {row: got for row, (may, got) in sent.items() if may == "ok" and got.startswith("5")} == {}


@pytest.mark.parametrize("role", ["anon", "none"])
def test_addresses_of_the_sign_in_package_answer_in_words(role, world):
    """What django-allauth brings: without signing in, only what leads in; never a fault. (403: no password to ask for.)"""
    browser = world.browser(role)
    found = {}
    for name in addresses(foreign=True):
        # The others carry a key of a mail or a row's number.
        with suppress(NoReverseMatch):
            found[name] = ask(browser, "GET", reverse(name))
    assert len(found) > 20
    assert {name: got for name, got in found.items() if got not in ("ok", "in", "403", "404", "405")} == {}
    if role == "anon":
        inside = {"account_email", "account_change_password", "account_reauthenticate", "mfa_index"}
        assert {name: found[name] for name in inside} == dict.fromkeys(inside, "in")
