
  // Output blocks and tensors as descriptor_check lets them through, elements in any number of
  // images: nothing beside the output block is read, nothing beside the output tensors written, and
  // these completely. requantise may give any result. Reduced: 256 words, 8 outputs, 7 images.

  localparam [8:0] WINDOW = 9'd256;

  reg started = 1'b0;
  always @(posedge clk_i) started <= 1'b1;

  (* anyseq *) reg [3:0] outputs;    // of a vector
  (* anyseq *) reg [6:0] elements;   // of an image
  (* anyseq *) reg [2:0] images;

  wire [6:0] image_words = words_i ? elements : {2'd0, elements[6:2]} + {6'd0, |elements[1:0]};
  wire [9:0] made        = images * image_words;
  wire [8:0] read        = 9'd3 + (table_i ? 9'd64 : 9'd0) +
                           (per_output_i ? {4'd0, outputs, 1'b0} : 9'd4);

  // The run at hand: its settings, the element to be taken next and the one to leave next.
  reg [3:0] outputs_q, output_q;
  reg [6:0] elements_q, size_q, to_take_q, to_leave_q;
  reg [2:0] images_take_q, images_leave_q;
  reg [8:0] block_q, block_size_q, first_q, made_q, count_q;
  reg [8:0] before_q;   // words of images done

  wire take_end  = to_take_q == elements_q - 7'd1;
  wire leave_end = to_leave_q == elements_q - 7'd1;

  always @* begin
    assume (rst_ni == started);
    assume (!(start_i && busy_o));
    assume (outputs >= 4'd1 && outputs <= 4'd8 && elements != 7'd0 && images != 3'd0);
    assume (!(table_i && words_i));
    assume ({1'b0, block_i} >= 9'd128 && read <= WINDOW - {1'b0, block_i});
    assume ({1'b0, target_i} >= 9'd128 && made <= {1'b0, WINDOW - {1'b0, target_i}});
    assume (vector_end_i == (output_q == outputs_q - 4'd1));
    assume (image_end_i == take_end);
    assume (last_i == (take_end && images_take_q == 3'd1));
  end

  always @(posedge clk_i) begin
    if (start_i) begin
      outputs_q      <= outputs;
      output_q       <= 4'd0;
      elements_q     <= elements;
      size_q         <= image_words;
      to_take_q      <= 7'd0;
      to_leave_q     <= 7'd0;
      images_take_q  <= images;
      images_leave_q <= images;
      block_q        <= {1'b0, block_i};
      block_size_q   <= read;
      first_q        <= {1'b0, target_i};
      made_q         <= made[8:0];
      count_q        <= 9'd0;
      before_q       <= 9'd0;
    end else begin
      if (take) begin
        output_q  <= vector_end_i ? 4'd0 : output_q + 4'd1;
        to_take_q <= take_end ? 7'd0 : to_take_q + 7'd1;
        if (take_end) images_take_q <= images_take_q - 3'd1;
      end
      if (leave) begin
        to_leave_q <= leave_end ? 7'd0 : to_leave_q + 7'd1;
        if (leave_end) images_leave_q <= images_leave_q - 3'd1;
        if (leave_end) before_q <= before_q + {2'd0, size_q};
      end
      if (written) count_q <= count_q + 9'd1;
    end
  end

  // The places of up to two elements on their way, the one to leave next first.
  wire [6:0] next_to    = leave_end ? 7'd0 : to_leave_q + 7'd1;
  wire [2:0] next_left  = leave_end ? images_leave_q - 3'd1 : images_leave_q;
  wire       next_end   = next_to == elements_q - 7'd1;
  wire [6:0] after_to   = next_end ? 7'd0 : next_to + 7'd1;
  wire [2:0] after_left = next_end ? next_left - 3'd1 : next_left;
  wire [1:0] ends_first = {leave_end && images_leave_q == 3'd1, leave_end};
  wire [1:0] ends_next  = {next_end && next_left == 3'd1, next_end};
  wire       early      = slot_q == 2'd1 || slot_q == 2'd2;
  wire       oldest     = (slot_q == 2'd3) ? leaving_q : inside_q;
  wire       youngest   = (slot_q == 2'd3) ? inside_q : early && taken_q;
  wire [1:0] on_way     = {1'b0, oldest} + {1'b0, youngest};
  wire [1:0] oldest_ends   = (slot_q == 2'd3) ? leaving_ends_q : inside_ends_q;
  wire [1:0] youngest_ends = (slot_q == 2'd3) ? inside_ends_q : taken_ends_q;
  wire [8:0] in_image   = words_q ? {2'd0, to_leave_q} : {4'd0, to_leave_q[6:2]};
  wire [9:0] to_write   = images_leave_q * size_q;
  wire [2:0] read_words = (per_output_q ? HEAD : HEAD_FIXED) - left_q;
  wire [7:0] begun      = (slot_q == 2'd1 && taken_q) ? (rewind_q ? {3'd0, outputs_q, 1'b0} - 8'd1
                                                                  : {3'd0, output_q, 1'b0} - 8'd1)
                                                      : {3'd0, output_q, 1'b0};
  wire       busy       = state_q != IDLE;

  reg was_busy;
  always @(posedge clk_i) was_busy <= rst_ni && busy && !clear_i;

  wire [8:0] address = {1'b0, window_addr_o};

  always @* if (rst_ni) begin
    lemma_state:  assert (state_q != 2'd3 && !(words_q && table_q && busy));
    lemma_sizes:  assert (!busy || (outputs_q >= 4'd1 && outputs_q <= 4'd8 && elements_q != 7'd0 &&
                          size_q == (words_q ? elements_q
                                     : {2'd0, elements_q[6:2]} + {6'd0, |elements_q[1:0]})));
    lemma_load:   assert (state_q != LOAD || (slot_q == 2'd0 && !taken_q && !inside_q &&
                                              !leaving_q && !finished_q && lane_q == 2'd0 &&
                                              output_q == 4'd0));
    lemma_places: assert (!busy || (to_leave_q < elements_q && images_leave_q != 3'd0 &&
                                    output_q < outputs_q));
    lemma_taken:  assert (!busy || {images_take_q, to_take_q} ==
                          (on_way == 2'd0 ? {images_leave_q, to_leave_q}
                           : on_way == 2'd1 ? {next_left, next_to} : {after_left, after_to}));
    lemma_oldest: assert (!busy || !oldest || oldest_ends == ends_first);
    lemma_young:  assert (!busy || !youngest || youngest_ends == (oldest ? ends_next : ends_first));
    lemma_finish: assert (!busy || finished_q == (images_take_q == 3'd0));
    lemma_both:   assert (!busy || !(on_way == 2'd2 && ends_first[1]));
    lemma_lane:   assert (!busy || lane_q == (words_q ? 2'd0 : to_leave_q[1:0]));
    lemma_count:  assert (!busy || count_q == before_q + in_image);
    lemma_target: assert (!busy || {1'b0, target_q} == first_q + count_q);
    lemma_rest:   assert (!busy || ({1'b0, before_q} + to_write == {1'b0, made_q} &&
                                    to_write <= {1'b0, made_q}));
    lemma_ranges: assert (!busy || (block_q >= 9'd128 && block_size_q <= WINDOW - block_q &&
                          block_q <= WINDOW && first_q >= 9'd128 && first_q <= WINDOW &&
                          made_q <= WINDOW - first_q));
    lemma_block:  assert (!busy || ({1'b0, codes_q} == block_q + 9'd3 &&
                          block_size_q == {1'b0, scales_q} - block_q +
                                          (per_output_q ? {4'd0, outputs_q, 1'b0} : 9'd4) &&
                          ({1'b0, scales_q} == block_q + 9'd67 ||
                           ({1'b0, scales_q} == block_q + 9'd3 && !table_q))));
    lemma_head:   assert (state_q != LOAD || left_q <= (per_output_q ? HEAD : HEAD_FIXED));
    lemma_read:   assert (state_q != LOAD || left_q == 3'd0 || {1'b0, read_q} ==
                          (read_words < 3'd3 ? block_q + {6'd0, read_words}
                           : {1'b0, scales_q} + {6'd0, read_words} - 9'd3));
    lemma_scale:  assert (state_q != RUN || !per_output_q || read_q == scales_q + begun);
    lemma_rewind: assert (state_q != RUN || !(slot_q == 2'd1 && taken_q) ||
                          rewind_q == (output_q == 4'd0));

    reads:  assert (!window_en_o || window_we_o ||
                    (address >= block_q && address - block_q < block_size_q));
    writes: assert (!window_en_o || !window_we_o ||
                    (address == first_q + count_q && count_q < made_q));
    filled: assert (!was_busy || busy || count_q == made_q);
  end
